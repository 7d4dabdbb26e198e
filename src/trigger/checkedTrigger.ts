/** Asks a trigger and believes nothing: triggers may be the user's code. */
import { TaggedError } from "../input/taggedError.ts"
import { unquoted } from "../input/inWords.ts"
import { type EpochMillis, latestInstant } from "../time/instant.ts"
import type { CountedPart, Trigger } from "./trigger.ts"

/**
 * A trigger that broke its contract. `reason`: it threw (`cause`), gave something that is no instant (a safe integer that `Date` can
 * hold), gave one that is not later than `after`, took longer than the budget, or contradicted itself: `previous` and `count` did
 * not fit what `next` had given.
 */
export class FaultyTriggerError extends TaggedError("FaultyTriggerError")<{
  /** Its type. */
  readonly trigger: string
  /** The instant that it was asked with, epoch milliseconds. */
  readonly after: EpochMillis
  /** How it broke its contract. */
  readonly reason: "threw" | "notAnInstant" | "notLater" | "slow" | "contradicts"
  /** What it gave, threw or took, in a few words. */
  readonly found: string
  /** What it threw, where it threw. */
  readonly cause?: unknown
}> {
  override get message(): string {
    const asked = `trigger "${this.trigger}" asked for the fire time after ${this.after}`
    switch (this.reason) {
      case "threw":
        return `${asked} threw: ${this.found}`
      case "notAnInstant":
        return `${asked} gave ${this.found}, expected epoch milliseconds or undefined`
      case "notLater":
        return `${asked} gave ${this.found}, expected a later instant`
      case "slow":
        return `${asked} took ${this.found}`
      case "contradicts":
        return `trigger "${this.trigger}", asked about fire times from ${this.after} on, contradicts itself: ${this.found}`
    }
  }
}

/** How long one answer may take. `elapsedMs` is a monotonic clock. */
export interface TimeBudget {
  readonly budgetMs: number
  readonly elapsedMs: () => number
}

/**
 * `trigger.next(after)`, checked: `undefined` or an instant strictly later than `after`. With a budget, an answer that took longer is
 * refused (an endless loop in a trigger cannot be stopped from outside). Throws `FaultyTriggerError`.
 */
export const checkedNext = (trigger: Trigger, after: EpochMillis, budget?: TimeBudget): EpochMillis | undefined => {
  const startedMs = budget === undefined ? 0 : budget.elapsedMs()
  const found = ask(trigger, after)
  if (budget !== undefined) {
    const tookMs = budget.elapsedMs() - startedMs
    if (tookMs > budget.budgetMs)
      throw faulty(trigger, after, "slow", `${Math.round(tookMs)} ms, allowed are ${budget.budgetMs} ms`)
  }
  if (found === undefined) return undefined
  if (typeof found !== "number" || !Number.isSafeInteger(found) || Math.abs(found) > latestInstant) {
    throw faulty(trigger, after, "notAnInstant", unquoted(found))
  }
  if (found <= after) throw faulty(trigger, after, "notLater", String(found))
  return found
}

/**
 * The last fire time before `before`, where `first` is one: from `first` on, though a trigger whose time zone has new rules by now may
 * not know that one. Throws `FaultyTriggerError`.
 */
export const checkedPrevious = (trigger: Trigger, before: EpochMillis, first: EpochMillis): EpochMillis => {
  const found = asked(trigger, first, () => trigger.previous?.(before))
  if (found === undefined) return first
  if (isInteger(found) && found < before) return Math.max(first, found)
  throw faulty(trigger, first, "contradicts", `previous(${before}) gave ${unquoted(found)}`)
}

/** How many fire times lie in (after, through]; `undefined`: it cannot count them. Throws `FaultyTriggerError`. */
export const checkedCount = (trigger: Trigger, after: EpochMillis, through: EpochMillis): number | undefined => {
  const found = asked(trigger, after, () => trigger.count?.(after, through))
  if (found === undefined) return undefined
  if (isInteger(found) && found >= 0 && found <= through - after) return found
  throw faulty(trigger, after, "contradicts", `count(${after}, ${through}) gave ${unquoted(found)}`)
}

/** The same for a beginning of (after, through], where it can count one; `undefined`: it cannot. Throws `FaultyTriggerError`. */
export const checkedPart = (
  trigger: Trigger,
  after: EpochMillis,
  through: EpochMillis,
  mostSteps: number
): CountedPart | undefined => {
  const found = asked(trigger, after, () => trigger.countPart?.(after, through, { steps: 0, most: mostSteps }))
  if (found === undefined) return undefined
  const part = (typeof found === "object" ? found : null) as { readonly [name in keyof CountedPart]?: unknown } | null
  if (isInteger(part?.count) && isInteger(part.through) && part.through <= through && part.count >= 0) {
    if (part.through <= after) return undefined
    if (part.count <= part.through - after) return { count: part.count, through: part.through }
  }
  throw faulty(trigger, after, "contradicts", `countPart(${after}, ${through}) gave ${unquoted(found)}`)
}

const isInteger = (found: unknown): found is number => Number.isSafeInteger(found)

/** A promise or a text is no instant: the type says number, the user's code may not. */
const ask = (trigger: Trigger, after: EpochMillis): unknown => {
  try {
    return unawaited(trigger.next(after))
  } catch (cause) {
    throw threw(trigger, after, cause)
  }
}

/** An async function's promise is refused by what it is; nobody waits for it, so its failure must not end the process. */
const unawaited = (answer: unknown): unknown => {
  if (answer instanceof Promise) answer.catch(() => undefined)
  return answer
}

const asked = (trigger: Trigger, after: EpochMillis, question: () => unknown): unknown => {
  try {
    return unawaited(question())
  } catch (cause) {
    throw threw(trigger, after, cause)
  }
}

/** A trigger that asks others says which of them is faulty. */
const threw = (trigger: Trigger, after: EpochMillis, cause: unknown): FaultyTriggerError =>
  cause instanceof FaultyTriggerError
    ? cause
    : faulty(trigger, after, "threw", cause instanceof Error ? cause.message : unquoted(cause), cause)

const faulty = (
  trigger: Trigger,
  after: EpochMillis,
  reason: FaultyTriggerError["reason"],
  found: string,
  cause?: unknown
): FaultyTriggerError =>
  new FaultyTriggerError({
    trigger: unquoted(trigger.type),
    after,
    reason,
    found,
    ...(cause === undefined ? {} : { cause })
  })
