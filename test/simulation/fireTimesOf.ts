/**
 * The fire times of a stored trigger, worked out apart from the project's code: plain arithmetic and brute force, UTC only.
 * Beside it the custom triggers of the simulation, which are the same arithmetic.
 */
import type { Trigger } from "../../src/index.ts"
import { calendarInterval, cron, date, defineTrigger, interval, stream } from "../../src/index.ts"
import type { TriggerPlan } from "./plan.ts"
import { day, epoch, minute, second } from "./plan.ts"

/** The fire times in (after, through], ascending, at most `limit`; `null` for a trigger whose fire times depend on its runs. */
export const fireTimesOf = (
  text: string,
  after: number,
  through: number,
  limit = Infinity
): ReadonlyArray<number> | null => {
  const spec = JSON.parse(text) as Spec
  return between(spec, after, through, limit)
}

/** The fire time of a fixed delay that counts from `end`; `null`: none is left. */
export const delayedFrom = (text: string, end: number): number | null => {
  const outer = JSON.parse(text) as Spec
  const spec = outer.trigger ?? outer
  const first = Math.max(...[outer, spec].map(({ start }) => (typeof start === "number" ? start : -Infinity)))
  const last = Math.min(outer.end ?? Infinity, spec.end ?? Infinity)
  const at = Math.max(first, typeof spec.start === "number" && end < spec.start ? first : end + (spec.every ?? NaN))
  return at <= last ? at : null
}

interface Spec {
  readonly type: string
  readonly trigger?: Spec
  readonly every?: number
  readonly start?: number | string
  readonly end?: number
  readonly after?: string
  readonly at?: number
  readonly expression?: string
  readonly days?: number
  readonly hour?: number
  readonly minute?: number
  readonly state?: {
    readonly seed?: number
    readonly scale?: number
    readonly every?: number
    readonly from?: number
    readonly how?: string
  }
}

const between = (spec: Spec, after: number, through: number, limit: number): ReadonlyArray<number> | null => {
  const { start, end = Infinity } = spec
  if (spec.type === "window" && spec.trigger !== undefined) {
    const first = typeof start === "number" ? start : -Infinity
    return between(spec.trigger, Math.max(after, first - 1), Math.min(through, end), limit)
  }
  if (spec.type === "interval" && spec.after === "run") return null
  if (spec.type === "interval" && typeof start === "number" && spec.every !== undefined)
    return steps(start, spec.every, after, Math.min(through, end), limit)
  if (spec.type === "stream") return []
  if (spec.type === "date" && spec.at !== undefined) return spec.at > after && spec.at <= through ? [spec.at] : []
  if (spec.type === "cron" && spec.expression !== undefined) return cronTimes(spec.expression, after, through, limit)
  if (spec.type === "calendarInterval" && typeof start === "string") {
    const first = Date.parse(`${start}T00:00:00Z`) + (spec.hour ?? 0) * 3_600_000 + (spec.minute ?? 0) * minute
    return steps(first, (spec.days ?? 1) * day, after, through, limit)
  }
  const { state } = spec
  if (spec.type === "simulation.uneven" && state?.seed !== undefined && state.scale !== undefined)
    return walk((at) => unevenNext(state.seed ?? 0, state.scale ?? second, at), after, through, limit)
  if (spec.type === "simulation.lying" && state?.every !== undefined)
    // It has no beginning: the wall may have been set back before the plan's.
    return steps(epoch - 1_000_000 * state.every, state.every, after, Math.min(through, state.from ?? Infinity), limit)
  throw new Error(`no arithmetic for ${JSON.stringify(spec)}`)
}

const steps = (first: number, every: number, after: number, through: number, limit: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  let at = after < first ? first : first + (Math.floor((after - first) / every) + 1) * every
  for (; at <= through && times.length < limit; at += every) times.push(at)
  return times
}

const walk = (next: (at: number) => number, after: number, through: number, limit: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let at = next(after); at <= through && times.length < limit; at = next(at)) times.push(at)
  return times
}

/** `second minute hour * * *`, each a number, a star or a step; five fields begin with the minute. */
const cronTimes = (expression: string, after: number, through: number, limit: number): ReadonlyArray<number> => {
  const fields = expression.split(" ")
  const [seconds = "0", minutes = "*", hours = "*"] = fields.length === 6 ? fields : ["0", ...fields]
  const times: Array<number> = []
  const stepMs = seconds === "0" ? minute : second
  for (let at = (Math.floor(after / stepMs) + 1) * stepMs; at <= through && times.length < limit; at += stepMs) {
    const ofDay = (((at - epoch) % day) + day) % day
    if (
      fits(seconds, (ofDay / second) % 60) &&
      fits(minutes, Math.floor(ofDay / minute) % 60) &&
      fits(hours, Math.floor(ofDay / 3_600_000))
    )
      times.push(at)
  }
  return times
}

const fits = (field: string, value: number): boolean =>
  field === "*" ? true : field.startsWith("*/") ? value % Number(field.slice(2)) === 0 : Number(field) === value

/** One instant in each stretch of `scale`, at a place that depends on the stretch. */
const unevenNext = (seed: number, scale: number, after: number): number => {
  for (let index = Math.floor(after / scale); ; index++) {
    const mixed = Math.imul((index ^ seed) + 0x9e3779b9, 0x85ebca6b) >>> 8
    const at = index * scale + (mixed % scale)
    if (at > after) return at
  }
}

const uneven = defineTrigger<{ readonly seed: number; readonly scale: number }>({
  type: "simulation.uneven",
  next: (after, { seed, scale }) => unevenNext(seed, scale, after)
})

const lying = defineTrigger<{ readonly how: string; readonly every: number; readonly from: number }>({
  type: "simulation.lying",
  next: (after, { how, every, from }) => {
    const at = epoch + (Math.floor((after - epoch) / every) + 1) * every
    if (at <= from) return at
    if (how === "throws") throw new Error("this trigger throws")
    return how === "past" ? after - 1000 : how === "same" ? after : NaN
  }
})

export const customTriggers = [uneven, lying]

/** The trigger that a plan means, with its anchor given, so that nothing depends on when it is added. */
export const triggerOf = (plan: TriggerPlan): Trigger => {
  switch (plan.kind) {
    case "interval": {
      const { every, start, end } = plan
      return interval(every, { start: epoch + start, ...(end === undefined ? {} : { end: epoch + end }) })
    }
    case "delay":
      return interval(plan.every, { start: epoch + plan.start, after: "run" })
    case "stream":
      return stream(plan.of)
    case "date":
      return date(epoch + plan.at)
    case "cron":
      return cron(plan.expression)
    case "calendar":
      return calendarInterval({ days: plan.days, hour: plan.hour, minute: plan.minute }, { start: "2026-01-01" })
    case "uneven":
      return uneven({ seed: plan.seed, scale: plan.scale })
    case "lying":
      return lying({ how: plan.how, every: plan.every, from: epoch + plan.from })
  }
}
