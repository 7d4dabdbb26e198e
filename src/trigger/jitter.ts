/**
 * Jitter: each fire time moved later by a part of `max` that depends on the job and the fire time alone. The same after a restart,
 * never added up, always before the trigger's next fire time and not past its end.
 */
import type { DurationLike } from "../time/duration.ts"
import type { EpochMillis } from "../time/instant.ts"
import { bindTrigger, inherited } from "./bindTrigger.ts"
import { givenTrigger } from "./given.ts"
import { InvalidTriggerError, readTriggerDuration } from "./invalidTrigger.ts"
import { composed } from "./parts.ts"
import { nestedTrigger, onlyFields, optionalNumber, optionalText, requiredField } from "./storedForm.ts"
import type { Trigger, TriggerCodec } from "./trigger.ts"

/** Moves each fire time of `trigger` later by 0 to `max`, both possible. The seed is the id of the job it is given to. Throws `InvalidTriggerError`. */
export const jitter = (trigger: Trigger, max: DurationLike): Trigger =>
  jitterOf(givenTrigger("jitter", trigger), readTriggerDuration("jitter", "max", max), undefined)

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

const jitterOf = (inner: Trigger, maxMs: number, seed: string | undefined): Trigger => {
  if (inner.stream !== undefined) {
    throw new InvalidTriggerError({
      trigger: "jitter",
      field: "trigger",
      found: "stream",
      expected: "a trigger with fire times of its own"
    })
  }
  const seedHash = hashText(seed ?? "")
  const end = inner.end ?? Infinity
  const { previous, count } = inner

  const moved = (fireAt: EpochMillis): EpochMillis => {
    const following = inner.after === "run" ? undefined : inner.next(fireAt)
    const roomMs = Math.min(maxMs, end - fireAt, following === undefined ? Infinity : following - fireAt - 1)
    return fireAt + Math.floor(fraction(seedHash, fireAt) * (Math.max(0, roomMs) + 1))
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
    ...(previous &&
      count && {
        count: (after: EpochMillis, through: EpochMillis) => {
          if (through <= after) return 0
          const counted = count.call(inner, after, through)
          if (counted === undefined) return undefined
          return counted + (crosses(after) === undefined ? 0 : 1) - (crosses(through) === undefined ? 0 : 1)
        }
      }),
    toJSON: () => ({ type: "jitter", trigger: inner.toJSON(), max: maxMs, ...(seed === undefined ? {} : { seed }) }),
    bind: (binding) => jitterOf(bindTrigger(inner, binding), maxMs, seed ?? binding.jobId)
  })
}

/** FNV-1a, 32 bits. */
const hashText = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** 0 (inclusive) to 1 (exclusive), evenly spread: the finaliser of MurmurHash3 over the seed and the fire time. */
const fraction = (seedHash: number, fireAt: EpochMillis): number => {
  const high = Math.floor(fireAt / 4_294_967_296)
  const mixed = mix(mix(mix(seedHash) ^ (fireAt | 0)) ^ high)
  const more = mix(mixed + 0x9e3779b9)
  return (mixed * 2_097_152 + (more >>> 11)) / 9_007_199_254_740_992
}

const mix = (value: number): number => {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
