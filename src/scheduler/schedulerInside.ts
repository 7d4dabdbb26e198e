/** What jobs in an Effect program need of the scheduler behind the service, beside its verbs. */
import { Effect } from "effect"
import type { ReadCaller } from "./callerContext.ts"
import type { EmbeddedScheduler } from "./createScheduler.ts"
import type { SchedulerService } from "./schedulerService.ts"

/** The scheduler behind a service. */
export interface SchedulerInside {
  readonly scheduler: EmbeddedScheduler
  /** How long runs under way have at the end of what runs them; `undefined`: the scheduler's own default. */
  readonly deadlineMs: number | undefined
  /** Reads who asks. */
  readonly readCaller: ReadCaller
  /** Ids of the jobs that layers have scheduled and not left since. */
  readonly scheduled: Set<string>
}

const insides = new WeakMap<SchedulerService, SchedulerInside>()

/** Says what is behind a service. */
export const putInside = (service: SchedulerService, inside: SchedulerInside): void => void insides.set(service, inside)

/** What is behind a service that `Scheduler.layer` has made; any other is a defect. */
export const insideOf = (service: SchedulerService): Effect.Effect<SchedulerInside> =>
  Effect.suspend(() => {
    const inside = insides.get(service)
    return inside === undefined
      ? Effect.dieMessage("a Job needs the Scheduler that Scheduler.layer gives, not a stand-in for it")
      : Effect.succeed(inside)
  })
