/** A trigger's fire times as an iterable, which looks ahead, and as an Observable, which waits for them. */
import { Observable } from "rxjs"
import { unquoted } from "../input/inWords.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import { readInstant } from "../time/instant.ts"
import type { CancelTimer, WallTimers } from "../time/timers.ts"
import { machineTimezone } from "../time/machineZone.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import { zoneOf } from "../time/zone.ts"
import { bindTrigger } from "./bindTrigger.ts"
import { givenOptions, triggerArgument } from "./triggerArguments.ts"
import { checkedNext } from "./checkedTrigger.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import type { Trigger } from "./trigger.ts"

/** Which fire times. Without `until` and `limit` the iterable ends with the trigger. */
export interface FireTimesOptions {
  /** Exclusive. */
  readonly after: InstantInput
  /** Inclusive. Default: none. */
  readonly until?: InstantInput | undefined
  /** How many at most, from 0. Default: no limit. */
  readonly limit?: number | undefined
  /** Reads text instants, and is the zone of a trigger without one. Default: the machine's. */
  readonly timezone?: TimezoneInput | undefined
}

/**
 * The fire times of `trigger`, ascending, as they are asked for; each iteration starts anew. A trigger that was not given to a job
 * behaves as if it were, at `after`. Throws `InvalidTriggerError`, `InvalidInstantError` and `UnknownTimezoneError` at once,
 * `FaultyTriggerError` while iterating.
 */
export const fireTimes = (trigger: Trigger, given: FireTimesOptions): Iterable<EpochMillis> => {
  const options = givenOptions("fireTimes", given, ["after", "until", "limit", "timezone"])
  const timezone = options.timezone ?? machineTimezone()
  zoneOf(timezone)
  const after = readInstant(options.after, timezone)
  const until = options.until === undefined ? Infinity : readInstant(options.until, timezone)
  const { limit = Infinity } = options
  if (typeof (limit as unknown) !== "number" || !(limit >= 0)) {
    const found = unquoted(limit)
    throw new InvalidTriggerError({ trigger: "fireTimes", field: "limit", found, expected: "a number of at least 0" })
  }
  refuseStream(trigger)
  const bound = bindTrigger(trigger, { now: after, nowExcluded: true, timezone, jobId: "" })
  return {
    *[Symbol.iterator]() {
      let taken = 0
      for (let at = after; taken < limit; taken++) {
        const fireAt = checkedNext(bound, at)
        if (fireAt === undefined || fireAt > until) return
        yield (at = fireAt)
      }
    }
  }
}

/** `after` is exclusive; default: the time of subscription. */
export interface FireTimesStreamOptions {
  readonly timers: WallTimers
  readonly after?: InstantInput | undefined
  readonly timezone?: string | undefined
}

/**
 * Emits each fire time of `trigger` when it has come, never early; those already past are emitted at once, in order. Cold: each
 * subscription starts anew. Completes with the trigger; fails with `FaultyTriggerError`. With a fixed delay a run takes no time.
 */
export const fireTimes$ = (trigger: Trigger, options: FireTimesStreamOptions): Observable<EpochMillis> =>
  new Observable((subscriber) => {
    const { timers } = options
    const timezone = options.timezone ?? machineTimezone()
    let cancel: CancelTimer | undefined
    const startedAt = timers.now()
    let cursor = startedAt
    let bound: Trigger

    const step = (): void => {
      try {
        for (let taken = 0; taken < maxPerTurn && !subscriber.closed; taken++) {
          const fireAt = checkedNext(bound, cursor)
          if (fireAt === undefined) return subscriber.complete()
          if (fireAt > timers.now()) {
            cancel = timers.at(fireAt, step)
            return
          }
          cursor = fireAt
          subscriber.next(fireAt)
        }
        if (!subscriber.closed) cancel = timers.after(0, step)
      } catch (error) {
        subscriber.error(error)
      }
    }

    try {
      refuseStream(trigger)
      if (options.after !== undefined) cursor = readInstant(options.after, timezone)
      bound = bindTrigger(trigger, { now: cursor, nowExcluded: true, timezone, jobId: "" })
      step()
    } catch (error) {
      subscriber.error(error)
    }
    return () => cancel?.()
  })

/** Then the others get a turn: a long absence may have left many fire times. */
const maxPerTurn = 1_000

const refuseStream = (trigger: Trigger): void => {
  if (triggerArgument("fireTimes", trigger).stream === undefined) return
  throw new InvalidTriggerError({
    trigger: trigger.type,
    field: "trigger",
    found: "a stream",
    expected: "a trigger with fire times of its own"
  })
}
