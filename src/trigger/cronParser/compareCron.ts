/** What moving a cron text from cron-parser to `cron()` would change: the instants where they differ, and why. */
import { shortened } from "../../input/inWords.ts"
import { dayMs } from "../../time/civil.ts"
import type { EpochMillis, InstantInput } from "../../time/instant.ts"
import { readInstant } from "../../time/instant.ts"
import { machineTimezone } from "../../time/machineZone.ts"
import type { Zone } from "../../time/zone.ts"
import { formatInstant, toInstant, toLocal, zoneOf } from "../../time/zone.ts"
import { checkedNext } from "../checkedTrigger.ts"
import { compileCron, cron } from "../cron/cron.ts"
import { InvalidTriggerError } from "../invalidTrigger.ts"
import type { Trigger } from "../trigger.ts"
import { givenOptions } from "../triggerArguments.ts"
import { cronParser } from "./cronParser.ts"

/** What is compared. */
export interface CronComparisonOptions {
  /** Of both. IANA name, `UTC` or an offset. Default: the machine's. */
  readonly timezone?: string | undefined
  /** Exclusive. */
  readonly after: InstantInput
  /** Inclusive. */
  readonly until: InstantInput
  /** cron-parser's seed of `H`, which `cron()` does not read. */
  readonly hashSeed?: string | undefined
}

/** Why one of the two fires at an instant and the other does not. */
export type CronDifferenceReason = "gap" | "fold" | "dayFields" | "text"

/** One instant that is a fire time of one of the two only. */
export interface CronDifference {
  /** Epoch milliseconds. */
  readonly at: EpochMillis
  /** On the clock of the zone, with its offset. */
  readonly local: string
  /** Which of the two fires then. */
  readonly firesIn: "cron" | "cron-parser"
  /** The clock leaves out (`gap`) or repeats (`fold`) an hour that day; both day fields are restricted (`dayFields`); the text is read otherwise (`text`). */
  readonly reason: CronDifferenceReason
  /** The reason in a sentence. */
  readonly why: string
}

/** What has been found. */
export interface CronComparison {
  /** Ascending; empty where one of the two refuses the text. */
  readonly differences: ReadonlyArray<CronDifference>
  /** Fire times that both have. */
  readonly same: number
  /** How far has been compared, inclusive: `until`, or where 100,000 fire times were counted. */
  readonly through: EpochMillis
  /** What `cron()` says of a text that it refuses. */
  readonly refusedByCron: string | null
  /** What cron-parser says of one. */
  readonly refusedByCronParser: string | null
}

/**
 * Compares what `cron(text)` and `cronParser(text)` do after `after`, through `until`. An answer, not an error, is a text that only one
 * of them reads. Throws `InvalidTriggerError` where neither does and for unknown options, `InvalidInstantError` and `UnknownTimezoneError`.
 */
export const compareCron = (text: string, given: CronComparisonOptions, most = mostCompared): CronComparison => {
  const options = givenOptions("compareCron", given, ["timezone", "after", "until", "hashSeed"])
  const timezone = options.timezone ?? machineTimezone()
  const zone = zoneOf(timezone)
  const after = readInstant(options.after, timezone)
  const until = readInstant(options.until, timezone)
  const ours = readOrFault(() => cron(text, { timezone }))
  const theirs = readOrFault(() => cronParser(text, { timezone, hashSeed: options.hashSeed }))
  if (ours instanceof InvalidTriggerError || theirs instanceof InvalidTriggerError) {
    if (ours instanceof InvalidTriggerError && theirs instanceof InvalidTriggerError) throw ours
    const [refusedByCron, refusedByCronParser] = [ours, theirs].map((each) =>
      each instanceof InvalidTriggerError ? each.message : null
    )
    return {
      differences: [],
      same: 0,
      through: after,
      refusedByCron: refusedByCron ?? null,
      refusedByCronParser: refusedByCronParser ?? null
    }
  }
  return compared({ text, zone, ours, theirs, after, until, most })
}

/** Some three seconds. */
const mostCompared = 100_000

interface Compared {
  readonly text: string
  readonly zone: Zone
  readonly ours: Trigger
  readonly theirs: Trigger
  readonly after: EpochMillis
  readonly until: EpochMillis
  readonly most: number
}

const compared = ({ text, zone, ours, theirs, after, until, most }: Compared): CronComparison => {
  const differences: Array<CronDifference> = []
  let same = 0
  let through = until
  const following = (trigger: Trigger, at: EpochMillis) => checkedNext(trigger, at) ?? Infinity
  let our = following(ours, after)
  let their = following(theirs, after)
  while (Math.min(our, their) <= until) {
    const at = Math.min(our, their)
    if (same + differences.length === most) {
      through = at - 1
      break
    }
    if (our === their) same += 1
    else {
      const firesIn = our < their ? "cron" : "cron-parser"
      differences.push({ at, local: formatInstant(zone, at), firesIn, ...reasonAt(text, zone, at) })
    }
    const next = [our === at ? following(ours, at) : our, their === at ? following(theirs, at) : their] as const
    our = next[0]
    their = next[1]
  }
  return { differences, same, through, refusedByCron: null, refusedByCronParser: null }
}

const reasonAt = (text: string, zone: Zone, at: EpochMillis): Pick<CronDifference, "reason" | "why"> => {
  const shiftMs = clockChangeOn(zone, at)
  const minutes = Math.abs(shiftMs) / 60_000
  if (shiftMs > 0)
    return {
      reason: "gap",
      why: `the clock is put forward by ${minutes} minutes that day, and the two move what it leaves out otherwise`
    }
  if (shiftMs < 0)
    return {
      reason: "fold",
      why: `the clock is put back by ${minutes} minutes that day, and the two serve what it repeats otherwise`
    }
  const { daysOfMonth, daysOfWeek, dayFields } = compileCron(text).pattern.rule
  if (daysOfMonth !== undefined && daysOfWeek !== undefined && dayFields === "both")
    return {
      reason: "dayFields",
      why: "both day fields are given: cron-parser takes a day of either; cron() does so only where neither begins with *, as crontab(5) says"
    }
  return { reason: "text", why: `the two read ${JSON.stringify(shortened(text))} otherwise` }
}

/** By how much the zone's clock changes on the local day of `at`, milliseconds; 0: it does not. */
const clockChangeOn = (zone: Zone, at: EpochMillis): number => {
  const midnight = Math.floor(toLocal(zone, at) / dayMs) * dayMs
  const from = toInstant(zone, midnight)
  const { offsetMs } = zone.spanAt(toInstant(zone, midnight + dayMs))
  return offsetMs - zone.spanAt(from - 1).offsetMs
}

const readOrFault = (read: () => Trigger): Trigger | InvalidTriggerError => {
  try {
    return read()
  } catch (fault) {
    if (fault instanceof InvalidTriggerError) return fault
    throw fault
  }
}
