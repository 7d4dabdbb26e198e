/** A trigger's fire times as they come, on a clock: for programs that want the schedule without jobs. */
import type { Clock } from "effect"
import type { Observable, SchedulerLike } from "rxjs"
import { liveClock, timersOf, timersOfScheduler } from "../engine/clock.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import { fireTimes$ as fireTimesOn } from "../trigger/fireTimes.ts"
import { givenOptions, triggerArgument } from "../trigger/triggerArguments.ts"
import type { Trigger } from "../trigger/trigger.ts"

/** Where the fire times begin, and on which clock they come. */
export interface ClockedFireTimesOptions {
  /** Exclusive. Default: the time of subscription. */
  readonly after?: InstantInput
  /** Reads text instants, and is the zone of a trigger without one. Default: the machine's. */
  readonly timezone?: TimezoneInput
  /** One of Effect's, or a scheduler of RxJS: a `TestScheduler` makes marble tests of it. Default: the machine's. */
  readonly clock?: Clock.Clock | SchedulerLike
}

/**
 * Emits each fire time of `trigger`, epoch milliseconds, when it has come, never early; those already past are emitted at once,
 * in order. Cold: each subscription starts anew. Completes with the trigger; fails with `FaultyTriggerError`. Throws
 * `InvalidTriggerError` for what is no trigger and for unknown options.
 */
export const fireTimes$ = (trigger: Trigger, options: ClockedFireTimesOptions = {}): Observable<EpochMillis> => {
  triggerArgument("fireTimes$", trigger)
  const { clock = liveClock, after, timezone } = givenOptions("fireTimes$", options, ["after", "timezone", "clock"])
  return fireTimesOn(trigger, {
    timers: isScheduler(clock) ? timersOfScheduler(clock) : timersOf(clock),
    after,
    timezone
  })
}

const isScheduler = (clock: Clock.Clock | SchedulerLike): clock is SchedulerLike => "schedule" in clock
