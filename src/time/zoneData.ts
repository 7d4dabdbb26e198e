/** Which edition of the IANA zones this runtime computes with. Two machines that differ may disagree on a future fire time. */
import { dayMs } from "./civil.ts"
import type { EpochMillis } from "./epochMillis.ts"
import type { Zone } from "./zone.ts"
import { offsetAt, withZone, zoneOf } from "./zone.ts"

/**
 * The edition (`"2025c"`) where the runtime tells it, as Node does; else the newest edition whose changes show in the
 * offsets, with a plus sign (`"2024a+"`): at least that one.
 */
export const zoneDataVersion = (): string => (version ??= toldVersion() ?? shownVersion())

let version: string | undefined

/** Read through `globalThis`, so that nothing of Node is needed where there is none. */
const toldVersion = (): string | undefined => {
  const host = globalThis as { readonly process?: { readonly versions?: { readonly tz?: unknown } } }
  const told = host.process?.versions?.tz
  return typeof told === "string" && told !== "" ? told : undefined
}

interface Change {
  readonly edition: string
  readonly timezone: string
  readonly at: EpochMillis
  /** Local minus UTC since that edition, minutes. */
  readonly offsetMinutes: number
}

/** Newest first; from the NEWS file of the zone data. */
const changes: ReadonlyArray<Change> = [
  { edition: "2025b", timezone: "America/Coyhaique", at: 1_751_328_000_000, offsetMinutes: -180 },
  { edition: "2024a", timezone: "Asia/Almaty", at: 1_719_792_000_000, offsetMinutes: 300 },
  { edition: "2022f", timezone: "America/Chihuahua", at: 1_688_169_600_000, offsetMinutes: -360 },
  { edition: "2022b", timezone: "Asia/Tehran", at: 1_688_169_600_000, offsetMinutes: 210 }
]

const shownVersion = (): string => {
  const shown = changes.find((change) => {
    try {
      return offsetAt(zoneOf(change.timezone), change.at) === change.offsetMinutes * 60_000
    } catch {
      return false
    }
  })
  return shown === undefined ? "before 2022b" : `${shown.edition}+`
}

/** What a zone's rules were over a stretch of time: plain JSON, so that another process can tell whether its own are the same. */
export interface ZoneRules {
  readonly from: EpochMillis
  /** Exclusive. */
  readonly until: EpochMillis
  /** From when on which offset holds (local minus UTC, milliseconds), in order; the first from `from`. */
  readonly offsets: ReadonlyArray<readonly [at: EpochMillis, offsetMs: number]>
}

/** Stretches begin and end with these, so that the tables a zone has are used whole. */
const yearMs = 366 * dayMs
const yearsBefore = 2
const yearsAfter = 10
/** Rules that reach less far are out of date. */
const fewestYearsAfter = 5

/** The rules of `timezone` from two years before `now` to ten years after. Throws `UnknownTimezoneError`. */
export const zoneRulesAround = (timezone: string, now: EpochMillis): ZoneRules => {
  const year = Math.floor(now / yearMs)
  return rulesOf(zoneOf(timezone), (year - yearsBefore) * yearMs, (year + yearsAfter) * yearMs)
}

/** Whether this runtime has the same rules for `timezone`. Throws `UnknownTimezoneError`. */
export const sameZoneRules = (timezone: string, rules: ZoneRules): boolean =>
  JSON.stringify(rulesOf(zoneOf(timezone), rules.from, rules.until).offsets) === JSON.stringify(rules.offsets)

/** Whether the stretch reaches far enough ahead of `now`, and lies about it. */
export const reachesFar = (rules: ZoneRules, now: EpochMillis): boolean =>
  rules.from <= now && rules.until >= now + fewestYearsAfter * yearMs

/** The first instant from which on the runtime's offset is another than in `rules`; `Infinity`: none in their stretch. */
export const firstDifference = (timezone: string, rules: ZoneRules): EpochMillis => {
  const zone = zoneOf(timezone)
  const starts = [...rules.offsets, ...rulesOf(zone, rules.from, rules.until).offsets].map(([at]) => at)
  const differing = starts.filter((at) => offsetIn(rules, at) !== offsetAt(zone, at))
  return differing.reduce((first, at) => Math.min(first, at), Infinity)
}

/** The offset that held at `at`, in the stretch of `rules`. */
export const offsetIn = ({ offsets }: ZoneRules, at: EpochMillis): number | undefined =>
  offsets.findLast(([from]) => from <= at)?.[1]

/**
 * Calls `ask` with the name of a zone that had `rules` until `at` and has the runtime's from then on: the change of data as a change of
 * the clocks, so that a trigger treats it as one. The name is good for as long as `ask` takes.
 */
export const withFormerRules = <A>(
  timezone: string,
  rules: ZoneRules,
  at: EpochMillis,
  ask: (name: string) => A
): A => {
  const later = zoneOf(timezone)
  const formerOffset = offsetIn(rules, at - 1) ?? offsetAt(later, at - 1)
  const name = `${timezone} until ${at}`
  const spanAt: Zone["spanAt"] = (instant) => {
    if (instant >= at) {
      const span = later.spanAt(instant)
      return span.from > at ? span : { ...span, from: at, previousOffsetMs: formerOffset }
    }
    if (instant < rules.from) {
      const span = later.spanAt(instant)
      return { ...span, until: Math.min(span.until, rules.from) }
    }
    const index = rules.offsets.findLastIndex(([from]) => from <= instant)
    const [from, offsetMs] = rules.offsets[index] ?? [rules.from, formerOffset]
    return {
      from,
      until: Math.min(at, rules.offsets[index + 1]?.[0] ?? at),
      offsetMs,
      previousOffsetMs: rules.offsets[index - 1]?.[1] ?? offsetMs
    }
  }
  return withZone({ name, spanAt }, () => ask(name))
}

const rulesOf = (zone: Zone, from: EpochMillis, until: EpochMillis): ZoneRules => {
  const offsets: Array<[EpochMillis, number]> = []
  for (let at = from; at < until;) {
    const span = zone.spanAt(at)
    if (offsets.at(-1)?.[1] !== span.offsetMs) offsets.push([at, span.offsetMs])
    at = span.until
  }
  return { from, until, offsets }
}
