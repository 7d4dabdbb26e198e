/** Waiting in real time for something to become true: the only way to wait for another process. */

/** Looks every 10 ms; rejects after 90 seconds with what was waited for. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const begun = performance.now()
  while (!(await holds())) {
    if (performance.now() - begun > 90_000) throw new Error(`waited 90 s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
