/**
 * The rules of the zones that a store's jobs go by, as they were when their next fire times were computed: one mark a zone, so that
 * the next owner, whose runtime may have newer zone data, can tell which zones it must compute anew.
 */
import type { EpochMillis } from "../../time/instant.ts"
import type { ZoneRules } from "../../time/zoneData.ts"
import { reachesFar, sameZoneRules, zoneRulesAround } from "../../time/zoneData.ts"
import type { UnitOfWork } from "./unitOfWork.ts"

const prefix = "zone:"

/** Zones that a stored trigger names, and those inside it: whatever it calls its `timezone`. */
export const zonesIn = (trigger: string): ReadonlyArray<string> => {
  if (!trigger.includes('"timezone":"')) return none
  return [...new Set([...trigger.matchAll(/"timezone":"([A-Za-z][\w+/-]*)"/g)].map(([, name = ""]) => name))]
}

const none: ReadonlyArray<string> = []

export class ZoneMarks {
  private readonly marks: ReadonlyMap<string, string>

  /** `marks`: those on disk, kept up to date. */
  constructor(marks: ReadonlyMap<string, string>) {
    this.marks = marks
  }

  /** Marks the zones of what a commit adds that are not marked yet. */
  note(unit: UnitOfWork): void {
    const fresh = new Set<string>()
    for (const { row } of unit.defined())
      for (const timezone of zonesIn(row.trigger)) if (!this.marks.has(prefix + timezone)) fresh.add(timezone)
    for (const timezone of fresh) mark(unit, timezone, unit.now)
  }

  /** Zones whose rules are other ones now, with those that they had. */
  changed(): ReadonlyMap<string, ZoneRules> {
    const changed = new Map<string, ZoneRules>()
    for (const [timezone, rules] of this.kept()) if (!isSame(timezone, rules)) changed.set(timezone, rules)
    return changed
  }

  /** Marks of zones that are out of date, written anew: what they say was heeded. */
  renew(unit: UnitOfWork): void {
    for (const [timezone, rules] of this.kept())
      if (!reachesFar(rules, unit.now) || !isSame(timezone, rules)) mark(unit, timezone, unit.now)
  }

  /** Whether `renew` has something to do. */
  isStale(now: EpochMillis): boolean {
    return [...this.kept()].some(([, rules]) => !reachesFar(rules, now))
  }

  private *kept(): Iterable<readonly [string, ZoneRules]> {
    for (const [name, text] of this.marks) {
      const rules = name.startsWith(prefix) ? readRules(text) : null
      if (rules !== null) yield [name.slice(prefix.length), rules]
    }
  }
}

const mark = (unit: UnitOfWork, timezone: string, now: EpochMillis): void => {
  try {
    unit.mark(prefix + timezone, JSON.stringify(zoneRulesAround(timezone, now)))
  } catch {
    // A custom trigger may call anything its time zone.
  }
}

/** A zone that the runtime no longer knows is for the trigger's reader to refuse. */
const isSame = (timezone: string, rules: ZoneRules): boolean => {
  try {
    return sameZoneRules(timezone, rules)
  } catch {
    return true
  }
}

const readRules = (text: string): ZoneRules | null => {
  try {
    const { from, until, offsets } = JSON.parse(text) as Partial<ZoneRules>
    const sound =
      Number.isSafeInteger(from) &&
      Number.isSafeInteger(until) &&
      Array.isArray(offsets) &&
      offsets.every((each: unknown) => Array.isArray(each) && each.length === 2 && each.every(Number.isSafeInteger))
    return sound ? ({ from, until, offsets } as ZoneRules) : null
  } catch {
    return null
  }
}
