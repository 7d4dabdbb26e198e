/** How the program is told to stop: signals first to drain, then to force, a reader that goes away, or its time is up. */

export interface Stopping {
  /** Resolves with what asked for the end. */
  readonly asked: Promise<string>
  /** Calls `force` on each further signal. */
  onForce(force: () => void): void
  /** Takes the signals' handlers away. */
  release(): void
}

/** Ctrl-C goes to everything in the terminal's foreground, and npm passes its own copy on: under npm signals this close are one. */
const sameKeyMs = process.env["npm_lifecycle_event"] === undefined ? 0 : 400

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

export const stopping = (forMs: number | undefined): Stopping => {
  let lastAt = -Infinity
  let times = 0
  let force: () => void = () => {}
  let ask: (why: string) => void = () => {}
  const asked = new Promise<string>((resolve) => {
    ask = resolve
  })
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now()
    const sameKey = now - lastAt < sameKeyMs
    lastAt = now
    if (sameKey) return
    times += 1
    if (times === 1) ask(signal)
    else force()
  }
  for (const signal of signals) process.on(signal, onSignal)
  // Whoever read along is gone, `head` or a closed terminal: as good a reason to drain as a signal.
  const onUnread = () => onEnd("output closed")
  process.stdout.on("error", onUnread)
  const timer = forMs === undefined ? undefined : setTimeout(() => onEnd("--for"), forMs)
  const onEnd = (why: string) => {
    times = Math.max(times, 1)
    ask(why)
  }
  return {
    asked,
    onForce: (given) => {
      force = given
    },
    release: () => {
      clearTimeout(timer)
      for (const signal of signals) process.off(signal, onSignal)
    }
  }
}
