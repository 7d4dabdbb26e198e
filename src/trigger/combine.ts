/** Triggers made of triggers: `or` is the union of their fire times, `and` what they agree on. */
import { unquoted } from "../input/inWords.ts"
import type { DurationLike } from "../time/duration.ts"
import type { EpochMillis } from "../time/instant.ts"
import { bindTrigger } from "./bindTrigger.ts"
import { countsByDays, joinedPattern } from "./dayPattern.ts"
import { common, countUnion, hasDayTimes, listsOf, union } from "./dayTimes.ts"
import { explainTrigger } from "./explain.ts"
import { givenOptions, triggerArgument, reading } from "./triggerArguments.ts"
import { InvalidTriggerError, readTriggerDuration } from "./invalidTrigger.ts"
import { composed } from "./parts.ts"
import { maxSearchMs, maxSearchSteps, TriggerSearchError } from "./search.ts"
import { nestedTriggers, onlyFields, optionalNumber } from "./storedForm.ts"
import type { DayTimes, Trigger, TriggerCodec, Work } from "./trigger.ts"

/** Every fire time of any of `triggers` (1 to 100), each instant once. Throws `InvalidTriggerError`. */
export const or = (triggers: ReadonlyArray<Trigger>): Trigger => {
  const members = checked("or", triggers)
  const previous = allPrevious(members)
  const dayPattern = joinedPattern(members)
  return composed(members, {
    type: "or",
    ...(dayPattern && { dayPattern }),
    ...joinedTimes(members, union),
    ...countsByDays(members, dayPattern, countUnion),
    end: Math.max(...members.map((member) => member.end ?? Infinity)),
    next: (after) => {
      let first: EpochMillis | undefined
      for (const member of members) {
        const found = member.next(after)
        if (found !== undefined && (first === undefined || found < first)) first = found
      }
      return first
    },
    ...(previous && {
      previous: (before: EpochMillis) => {
        const found = previous.map((ask) => ask(before)).filter((each) => each !== undefined)
        return found.length === 0 ? undefined : Math.max(...found)
      }
    }),
    explain: (at) => {
      const reasons = members.map((member) => explainTrigger(member, at))
      return reasons.some((each) => each.length === 0) ? [] : reasons.flat()
    },
    toJSON: () => ({ type: "or", triggers: members.map((member) => member.toJSON()) }),
    bind: (binding) => or(members.map((member) => bindTrigger(member, binding)))
  })
}

/**
 * The instants that all of `triggers` (1 to 100) have as a fire time. With `threshold` (default 0: exactly the same millisecond) it is
 * enough that each has one at most so much later than the earliest, which is the answer; each fire time is used once, as in
 * APScheduler 4. Ends when one of them ends. `next` throws `TriggerSearchError` when they do not agree within 10,000 steps
 * or 50 years. Throws
 * `InvalidTriggerError`.
 */
export const and = (
  triggers: ReadonlyArray<Trigger>,
  options: {
    /** How much later than the earliest the others may be. Default 0: exactly the same millisecond. */
    readonly threshold?: DurationLike | undefined
  } = {}
): Trigger => {
  const members = checked("and", triggers)
  const { threshold } = givenOptions("and", options, ["threshold"])
  const thresholdMs = threshold === undefined ? 0 : readTriggerDuration("and", "threshold", threshold)
  const previous = thresholdMs === 0 ? allPrevious(members) : undefined
  const dayPattern = thresholdMs === 0 ? joinedPattern(members) : undefined
  return composed(members, {
    type: "and",
    ...(dayPattern && { dayPattern }),
    ...(thresholdMs === 0 && joinedTimes(members, common)),
    ...(thresholdMs === 0 && countsByDays(members, dayPattern, (lists, work) => common(lists, work).length)),
    end: Math.min(...members.map((member) => member.end ?? Infinity)),
    next: (after) => (thresholdMs === 0 ? nextAgreed(members, after) : nextNear(members, thresholdMs, after)),
    ...(previous && { previous: (before: EpochMillis) => previousAgreed(previous, before) }),
    ...(thresholdMs === 0 && {
      explain: (at: EpochMillis) => members.flatMap((member) => explainTrigger(member, at))
    }),
    toJSON: () => ({
      type: "and",
      triggers: members.map((member) => member.toJSON()),
      ...(thresholdMs === 0 ? {} : { threshold: thresholdMs })
    }),
    bind: (binding) =>
      and(
        members.map((member) => bindTrigger(member, binding)),
        { threshold: thresholdMs }
      )
  })
}

/** Reads the stored form: `triggers`. */
export const orCodec: TriggerCodec = {
  type: "or",
  fromJSON: (spec, read) => {
    onlyFields(spec, ["triggers"])
    return or(nestedTriggers(spec, "triggers", read))
  }
}

/** Reads the stored form: `triggers` and `threshold` in milliseconds. */
export const andCodec: TriggerCodec = {
  type: "and",
  fromJSON: (spec, read) => {
    onlyFields(spec, ["triggers", "threshold"])
    return and(nestedTriggers(spec, "triggers", read), { threshold: optionalNumber(spec, "threshold") })
  }
}

const checked = (trigger: string, triggers: ReadonlyArray<Trigger>): ReadonlyArray<Trigger> => {
  const given: unknown = triggers
  const length = reading(trigger, "triggers", () => (Array.isArray(given) ? given.length : null))
  if (length === null || length < 1 || length > 100) {
    throw new InvalidTriggerError({
      trigger,
      field: "triggers",
      found: unquoted(length ?? given),
      expected: "a list of 1 to 100 triggers"
    })
  }
  for (const [index, member] of triggers.entries()) triggerArgument(trigger, member, `triggers[${index}]`)
  const misfit = triggers.find((member) => member.after !== undefined || member.stream !== undefined)
  if (misfit !== undefined) {
    const found = misfit.stream === undefined ? "a fixed delay after runs" : "a stream"
    throw new InvalidTriggerError({
      trigger,
      field: "triggers",
      found,
      expected: "triggers whose fire times can be told ahead"
    })
  }
  return [...triggers]
}

/** A day's fire times, made of those of the members. */
const joinedTimes = (
  members: ReadonlyArray<Trigger>,
  join: (lists: ReadonlyArray<DayTimes>, work: Work) => DayTimes
): Pick<Trigger, "dayTimes"> =>
  members.every(hasDayTimes)
    ? {
        dayTimes: (day, work) => {
          const lists = listsOf(members, day, work)
          return lists && join(lists, work)
        }
      }
    : {}

type Previous = (before: EpochMillis) => EpochMillis | undefined

const allPrevious = (members: ReadonlyArray<Trigger>): ReadonlyArray<Previous> | undefined => {
  const asks = members.flatMap((member) => {
    const { previous } = member
    return previous === undefined ? [] : [(before: EpochMillis) => previous.call(member, before)]
  })
  return asks.length === members.length ? asks : undefined
}

/**
 * Each member in turn is asked for a fire time not before the candidate, until all have said the same. The search begins where the first
 * round has led: what a member knows to be empty, before its start or after its end, is not searched.
 */
const nextAgreed = (members: ReadonlyArray<Trigger>, after: EpochMillis): EpochMillis | undefined => {
  let candidate = after + 1
  let from = after
  let agreed = 0
  for (let step = 0; step < maxSearchSteps; step++) {
    const found = members[step % members.length]?.next(candidate - 1)
    if (found === undefined) return undefined
    agreed = found === candidate ? agreed + 1 : 1
    candidate = found
    if (agreed >= members.length) return candidate
    if (step < members.length) from = candidate
    if (candidate - from > maxSearchMs) break
  }
  throw new TriggerSearchError({ trigger: "and", after, steps: maxSearchSteps })
}

const previousAgreed = (members: ReadonlyArray<Previous>, before: EpochMillis): EpochMillis | undefined => {
  let candidate = before - 1
  let from = before
  let agreed = 0
  for (let step = 0; step < maxSearchSteps; step++) {
    const found = members[step % members.length]?.(candidate + 1)
    if (found === undefined) return undefined
    agreed = found === candidate ? agreed + 1 : 1
    candidate = found
    if (agreed >= members.length) return candidate
    if (step < members.length) from = candidate
    if (from - candidate > maxSearchMs) break
  }
  throw new TriggerSearchError({ trigger: "and", after: before, steps: maxSearchSteps })
}

/** APScheduler 4's way: whatever lies within the threshold of the earliest is used up, together with it. */
const nextNear = (
  members: ReadonlyArray<Trigger>,
  thresholdMs: number,
  after: EpochMillis
): EpochMillis | undefined => {
  let pending = afterMatch(members, thresholdMs, after)
  for (let step = 0; step < maxSearchSteps; step += members.length) {
    if (pending.some((each) => each === undefined)) return undefined
    const times = pending.map((each) => each ?? Infinity)
    const earliest = Math.min(...times)
    if (Math.max(...times) - earliest <= thresholdMs) return earliest
    if (earliest - after > maxSearchMs) break
    pending = times.map((each, index) => (each - earliest <= thresholdMs ? members[index]?.next(each) : each))
  }
  throw new TriggerSearchError({ trigger: "and", after, steps: maxSearchSteps })
}

/** What each member has next; when `after` was an answer itself, the fire times it was made of are used up. */
const afterMatch = (
  members: ReadonlyArray<Trigger>,
  thresholdMs: number,
  after: EpochMillis
): ReadonlyArray<EpochMillis | undefined> => {
  const used = members.map((member) => member.next(after - 1))
  const matched = used.includes(after) && used.every((each) => each !== undefined && each <= after + thresholdMs)
  return members.map((member, index) => member.next(matched ? (used[index] ?? after) : after))
}
