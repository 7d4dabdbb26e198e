/**
 * Jitter: each fire time moved later by a part of `max` that depends on the job and the fire time alone. The same after a restart,
 * never added up, always before the trigger's next fire time and not past its end; that of an `or` is its last member's.
 */
import { dayMs } from "../time/civil.ts"
import type { DurationLike } from "../time/duration.ts"
import type { EpochMillis } from "../time/instant.ts"
import { latestInstant } from "../time/instant.ts"
import { bindTrigger, inherited } from "./bindTrigger.ts"
import type { CountPart } from "./dayPattern.ts"
import { countPartOf, countsBy } from "./dayPattern.ts"
import { dayTimesOf, hasDayTimes } from "./dayTimes.ts"
import { triggerArgument } from "./triggerArguments.ts"
import { InvalidTriggerError, readTriggerDuration } from "./invalidTrigger.ts"
import { composed } from "./parts.ts"
import { nestedTrigger, onlyFields, optionalNumber, optionalText, requiredField } from "./storedForm.ts"
import type { Trigger, TriggerCodec, Work } from "./trigger.ts"

/** Moves each fire time of `trigger` later by 0 to `max`, both possible. The seed is the id of the job it is given to. Throws `InvalidTriggerError`. */
export const jitter = (trigger: Trigger, max: DurationLike): Trigger =>
  jitterOf(triggerArgument("jitter", trigger), readTriggerDuration("jitter", "max", max), undefined)

/** Reads the stored form: `trigger`, `max` in milliseconds and `seed`. */
export const jitterCodec: TriggerCodec = {
  type: "jitter",
  fromJSON: (spec, read) => {
    onlyFields(spec, ["trigger", "max", "seed"])
    requiredField(spec, "max")
    const maxMs = readTriggerDuration("jitter", "max", optionalNumber(spec, "max") ?? 0)
    return jitterOf(nestedTrigger(spec, "trigger", read), maxMs, optionalText(spec, "seed"))
  }
}

/** Steps back over fire times of a trigger that has no `previous`; more than these within `max` is refused. */
const maxSteps = 20_000
/** What the two ends of a day cost, in fire times of a list. */
const crossingSteps = 40

const jitterOf = (inner: Trigger, maxMs: number, seed: string | undefined): Trigger => {
  if (inner.stream !== undefined) {
    throw new InvalidTriggerError({
      trigger: "jitter",
      field: "trigger",
      found: "stream",
      expected: "a trigger with fire times of its own"
    })
  }
  const seedHash = mix(hashText(seed ?? ""))
  const end = inner.end ?? Infinity
  const last = Math.min(end, latestInstant)
  const { previous } = inner
  const countInner = countPartOf(inner)

  const moved = (fireAt: EpochMillis): EpochMillis =>
    movedBefore(fireAt, inner.after === "run" ? undefined : inner.next(fireAt))
  const movedBefore = (fireAt: EpochMillis, following: EpochMillis | undefined): EpochMillis => {
    let roomMs = following === undefined ? maxMs : Math.min(maxMs, following - fireAt - 1)
    if (roomMs > last - fireAt) roomMs = Math.max(0, last - fireAt)
    return fireAt + Math.floor(fraction(seedHash, fireAt) * (roomMs + 1))
  }

  /** The last fire time ≤ `at` before jitter, of those that jitter could have moved past `at`. */
  const lastUntil = (at: EpochMillis): EpochMillis | undefined => {
    if (previous !== undefined) return previous.call(inner, at + 1)
    if (inner.after === "run") return undefined
    let last: EpochMillis | undefined
    let steps = 0
    for (let fireAt = inner.next(at - maxMs - 1); fireAt !== undefined && fireAt <= at; fireAt = inner.next(fireAt)) {
      last = fireAt
      if (++steps > maxSteps) {
        throw new InvalidTriggerError({
          trigger: "jitter",
          field: "max",
          found: `${maxMs} ms`,
          expected: `less than ${maxSteps} fire times within it`
        })
      }
    }
    return last
  }

  const crosses = (at: EpochMillis): EpochMillis | undefined => {
    const last = lastUntil(at)
    const movedLast = last === undefined ? undefined : moved(last)
    return movedLast !== undefined && movedLast > at ? movedLast : undefined
  }

  return composed([inner], {
    type: "jitter",
    end,
    ...inherited(inner),
    next: (after) => {
      const crossing = crosses(after)
      if (crossing !== undefined) return crossing
      const fireAt = inner.next(after)
      return fireAt === undefined ? undefined : moved(fireAt)
    },
    ...(previous && {
      previous: (before: EpochMillis) => {
        const last = previous.call(inner, before)
        if (last === undefined) return undefined
        const movedLast = moved(last)
        if (movedLast < before) return movedLast
        const earlier = previous.call(inner, last)
        return earlier === undefined ? undefined : moved(earlier)
      }
    }),
    ...(previous && countInner && countsOf(countInner, crosses)),
    ...(previous &&
      hasDayTimes(inner) && {
        dayTimes: (day: EpochMillis, work: Work) => {
          const times = dayTimesOf(inner, day, work)
          if (times === undefined) return undefined
          const crossing = crosses(day - 1)
          const all = new Int32Array(times.length + 1)
          let length = 0
          if (crossing !== undefined && crossing < day + dayMs) all[length++] = crossing - day
          for (let place = 0; place < times.length; place++) {
            const fireAt = day + (times[place] ?? 0)
            const after = times[place + 1]
            const at = movedBefore(fireAt, after === undefined ? inner.next(fireAt) : day + after) - day
            // One that moves into the next day crosses into it.
            if (at < dayMs) all[length++] = at
          }
          work.steps += times.length + crossingSteps
          return all.subarray(0, length)
        }
      }),
    toJSON: () => ({ type: "jitter", trigger: inner.toJSON(), max: maxMs, ...(seed === undefined ? {} : { seed }) }),
    bind: (binding) => jitterOf(bindTrigger(inner, binding), maxMs, seed ?? binding.jobId)
  })
}

/** What one may have moved past an instant counts after it. */
const countsOf = (countInner: CountPart, crosses: (at: EpochMillis) => EpochMillis | undefined) =>
  countsBy((after, through, work) => {
    const part = countInner(after, through, work)
    if (part.through <= after) return part
    work.steps += crossingSteps
    const moved = (crosses(after) === undefined ? 0 : 1) - (crosses(part.through) === undefined ? 0 : 1)
    return { count: part.count + moved, through: part.through }
  })

/** FNV-1a, 32 bits. */
const hashText = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** 0 (inclusive) to 1 (exclusive), evenly spread: the finaliser of MurmurHash3 over the seed, which has been through it, and the fire time. */
const fraction = (seedHash: number, fireAt: EpochMillis): number => {
  const high = Math.floor(fireAt * 2 ** -32)
  const mixed = mix(mix(seedHash ^ (fireAt | 0)) ^ high)
  const more = mix(mixed + 0x9e3779b9)
  return (mixed * 2_097_152 + (more >>> 11)) * 2 ** -53
}

const mix = (value: number): number => {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
