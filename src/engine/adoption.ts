/** Asks an executor which attempts of a dead owner it is still making. Whatever it does instead of answering means none. */
import { lazyKind, UnrunCallbackError } from "../event/callback.ts"
import type { CancelTimer, Timers } from "../time/timers.ts"
import { ExecutorUnansweredError } from "./schedulerError.ts"

/** How long it may think, milliseconds. */
const adoptMs = 30_000

/** Ids of runs, and whatever else it has said. Never rejects; `calledOff`: nobody waits any more. */
export const askToAdopt = async (
  executor: string,
  ask: () => unknown,
  timers: Timers,
  calledOff: AbortSignal,
  report: (error: unknown) => void
): Promise<ReadonlySet<unknown>> => {
  let cancel: CancelTimer = () => undefined
  let leave = (): void => undefined
  const late = new Promise<never>((_resolve, reject) => {
    const unanswered = new ExecutorUnansweredError({ executor, call: "adopt", afterMs: adoptMs })
    cancel = timers.after(adoptMs, () => reject(unanswered))
  })
  const left = new Promise<null>((resolve) => (leave = () => resolve(null)))
  calledOff.addEventListener("abort", leave)
  try {
    const given = ask()
    const found = lazyKind(given)
    if (found !== null) throw new UnrunCallbackError({ found })
    return new Set((await Promise.race([given, late, left])) as Iterable<unknown> | null)
  } catch (error) {
    report(error)
    return new Set()
  } finally {
    cancel()
    calledOff.removeEventListener("abort", leave)
  }
}
