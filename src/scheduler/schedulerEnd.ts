/** How a scheduler's end shows in an Effect program: one that has stopped by itself fails whoever waits for it. */
import { Effect, Exit } from "effect"
import { StoreFenced } from "../store/storeError.ts"
import type { EmbeddedScheduler } from "./createScheduler.ts"

/** What a running scheduler stops by itself with: its last store was taken over by another owner. Any other cause is a defect. */
export type SchedulerFault = StoreFenced

/** What a scheduler that stops by itself ends with; `null`: it does not. */
export const endOf = ({ fault }: EmbeddedScheduler): Exit.Exit<never, SchedulerFault> | null => {
  if (fault === null) return null
  return fault.error instanceof StoreFenced ? Exit.fail(fault.error) : Exit.die(fault.error)
}

/** Fails when it has stopped by itself; is interrupted when it was asked to. */
export const stoppedOf = (scheduler: EmbeddedScheduler): Effect.Effect<never, SchedulerFault> =>
  Effect.async((resume) => {
    const forget = scheduler.whenStopped(() => resume(endOf(scheduler) ?? Effect.interrupt))
    return Effect.sync(forget)
  })
