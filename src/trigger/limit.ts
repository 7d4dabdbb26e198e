/** The first so many fire times of a trigger. */
import { wholeNumber } from "../input/fields.ts"
import type { EpochMillis } from "../time/instant.ts"
import { bindTrigger } from "./bindTrigger.ts"
import { clipped, countPartOf, placeInDay } from "./dayPattern.ts"
import { explainTrigger } from "./explain.ts"
import { triggerArgument } from "./triggerArguments.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { composed } from "./parts.ts"
import { nestedTrigger, onlyFields, optionalNumber, requiredField } from "./storedForm.ts"
import type { Trigger, TriggerCodec } from "./trigger.ts"

/**
 * The first `n` fire times of `trigger` from when the job is added (that instant inclusive); `n` is 1 to 1,000,000. Before it is given to a
 * job nothing is counted yet and every `next` is answered. Limits fire times, not runs: `maxRuns` of a job does that. Throws
 * `InvalidTriggerError`, also for a fixed delay and a stream, whose fire times cannot be counted ahead.
 */
export const limit = (trigger: Trigger, n: number): Trigger => limitOf(triggerArgument("limit", trigger), n, undefined)

/** Reads the stored form: `trigger`, `count` and `from`. */
export const limitCodec: TriggerCodec = {
  type: "limit",
  fromJSON: (spec, read) => {
    onlyFields(spec, ["trigger", "count", "from"])
    requiredField(spec, "count")
    return limitOf(
      nestedTrigger(spec, "trigger", read),
      optionalNumber(spec, "count") ?? 0,
      optionalNumber(spec, "from")
    )
  }
}

/** Up to so many fire times are stepped through; more are counted, which is cheaper only then. */
const maxSteps = 10_000
const stepsAtOnce = 1_000_000
/** A last fire time further away than this, 400 years, is taken for none. */
const maxSpanMs = 12_622_780_800_000

const limitOf = (inner: Trigger, n: number, from: EpochMillis | undefined): Trigger => {
  const refuse = (field: string, found: string, expected: string) =>
    new InvalidTriggerError({ trigger: "limit", field, found, expected })
  wholeNumber(n, [1, 1_000_000], "count", refuse)
  if (inner.after !== undefined)
    throw refuse("trigger", inner.type, "fire times that do not wait for runs; limit the job's runs instead")
  if (inner.stream !== undefined) throw refuse("trigger", inner.type, "a trigger with fire times of its own")
  const { previous, dayPattern } = inner
  const countInner = countPartOf(inner)
  if (n > maxSteps && countInner === undefined)
    throw refuse("count", String(n), `at most ${maxSteps} for a trigger that cannot count`)

  let last: EpochMillis | undefined
  const lastFireAt = (start: EpochMillis): EpochMillis =>
    (last ??= n > maxSteps ? countedLast(start) : steppedLast(start))

  const steppedLast = (start: EpochMillis): EpochMillis => {
    let fireAt = start - 1
    for (let taken = 0; taken < n; taken++) {
      const following = inner.next(fireAt)
      if (following === undefined || following - start > maxSpanMs) return Infinity
      fireAt = following
    }
    return fireAt
  }

  const countedLast = (start: EpochMillis): EpochMillis => {
    // Ever shorter stretches are counted, so that each is counted twice at most.
    let [low, taken, spanMs] = [start - 1, 0, 86_400_000]
    for (let counted = countOf(low, low + spanMs); taken + counted < n; counted = countOf(low, low + spanMs)) {
      taken += counted
      low += spanMs
      spanMs = Math.min(spanMs * 2, start + maxSpanMs - low)
      if (spanMs <= 0) return Infinity
    }
    for (let high = low + spanMs; high - low > 1;) {
      const middle = Math.floor((low + high) / 2)
      const counted = countOf(low, middle)
      if (taken + counted >= n) high = middle
      else [low, taken] = [middle, taken + counted]
      if (high - low <= 1) return high
    }
    return low + 1
  }

  /** All of it: no more than some millions, which are counted for once. */
  const countOf = (after: EpochMillis, through: EpochMillis): number => {
    let counted = 0
    for (let at = after; at < through;) {
      const part = countInner?.(at, through, { steps: 0, most: stepsAtOnce })
      if (part === undefined || part.through <= at)
        throw refuse("count", String(n), `at most ${maxSteps} for a trigger that cannot count so many`)
      counted += part.count
      if (counted >= n) return counted
      at = part.through
    }
    return counted
  }

  const toJSON = () => ({ type: "limit", trigger: inner.toJSON(), count: n, ...(from === undefined ? {} : { from }) })
  if (from === undefined) {
    return composed([inner], {
      type: "limit",
      next: (after) => inner.next(after),
      toJSON,
      bind: (binding) => limitOf(bindTrigger(inner, binding), n, binding.now + (binding.nowExcluded === true ? 1 : 0))
    })
  }
  return composed([inner], {
    type: "limit",
    ...(inner.end === undefined ? {} : { end: inner.end }),
    next: (after) => {
      const found = inner.next(Math.max(after, from - 1))
      return found !== undefined && found <= lastFireAt(from) ? found : undefined
    },
    ...(previous && {
      previous: (before: EpochMillis) => {
        const found = previous.call(inner, Math.min(before, lastFireAt(from) + 1))
        return found !== undefined && found >= from ? found : undefined
      }
    }),
    ...(dayPattern && {
      dayPattern: (day: EpochMillis) =>
        `${placeInDay(from, day)}:${placeInDay(lastFireAt(from), day)}:${dayPattern.call(inner, day)}`
    }),
    ...clipped(inner, () => [from, lastFireAt(from)]),
    explain: (at) => {
      const last = lastFireAt(from)
      if (at >= from && at <= last) return explainTrigger(inner, at)
      const found = at < from ? "before the first" : "after the last"
      return [{ trigger: "limit", field: "count", found, expected: `one of the first ${n}` }]
    },
    toJSON,
    bind: (binding) => limitOf(bindTrigger(inner, binding), n, from)
  })
}
