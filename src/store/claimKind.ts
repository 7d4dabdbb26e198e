/** What the number in `request` says of a run: whether a fire time is behind it, a request, or another run. */

/** Above every key: what lies beyond it below zero is a value of a stream, above zero a fire time by a clock that was set right. */
const beyondKeys = 2 ** 52

/** For a value of a stream: its own run's key, beyond those of other runs, since one millisecond may give several. */
export const valueRequest = (runKey: number): number => -beyondKeys - runKey

/**
 * For a fire time of a job that had run ahead by a wrong clock: the highest key given when it was set right, beyond all keys, since
 * what ran by the wrong clock may come again.
 */
export const anewRequest = (countsAfterRun: number): number => beyondKeys + countsAfterRun

/** True for a run of a fire time, a stream's included. */
export const isOfFireTime = ({ request }: { readonly request: number }): boolean =>
  request === 0 || Math.abs(request) >= beyondKeys

/** True for a value of a stream. */
export const isOfValue = ({ request }: { readonly request: number }): boolean => request <= -beyondKeys

/** The key of the run that this one tries again, else `null`. */
export const retriedKey = ({ request }: { readonly request: number }): number | null =>
  request < 0 && request > -beyondKeys ? -request : null
