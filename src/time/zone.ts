/**
 * Time zones: where each offset from UTC begins and ends. The facts are the runtime's (`Intl`, the IANA zones); here they
 * are found once, a year at a time, and kept, so that a look-up costs nanoseconds. Knows no "now".
 */
import { TaggedError } from "../input/taggedError.ts"
import { formatLocal } from "./civil.ts"
import type { EpochMillis } from "./epochMillis.ts"
import { readPosixZone } from "./posixZone.ts"
import type { Span } from "./transitions.ts"
import { offsetReader, readTransitions } from "./transitions.ts"

/** A time zone's offsets. `name` is what it was asked for by. */
export interface Zone {
  readonly name: string
  /** The span that holds `at`. Its ends may be a table's, not a transition's. */
  spanAt(at: EpochMillis): Span
}

/** A time zone nobody knows. */
export class UnknownTimezoneError extends TaggedError("UnknownTimezoneError")<{
  /** As it was given. */
  readonly timezone: string
}> {
  override get message(): string {
    return `unknown time zone "${this.timezone}": expected an IANA name such as "Europe/Stockholm", "UTC" or an offset such as "+02:00"`
  }
}

/** No wall time is further than this from UTC (Manila before 1845: 15 h 56 min). */
export const maxOffsetMs = 16 * 3_600_000

/**
 * The zone named `timezone`: an IANA name, `UTC`, `Z`, a fixed offset (`+02`, `+0230`, `+02:30`, `UTC+2`: east, as in ISO 8601), or POSIX's form with the
 * rules of its summer time (`CET-1CEST,M3.5.0,M10.5.0/3`). Throws `UnknownTimezoneError`.
 */
export const zoneOf = (timezone: string): Zone => {
  const known = zones.get(timezone)
  if (known !== undefined) return known
  if (typeof (timezone as unknown) !== "string") throw new UnknownTimezoneError({ timezone: `a ${typeof timezone}` })
  const offsetMs = readFixedOffset(timezone)
  const zone =
    offsetMs === undefined
      ? new TabledZone(timezone, readTransitions(offsetsOf(timezone)))
      : fixedZone(timezone, offsetMs)
  if (zones.size >= maxZones) zones.clear()
  zones.set(timezone, zone)
  return zone
}

/** Calls `ask` while `zoneOf` knows `zone` by its name too. */
export const withZone = <A>(zone: Zone, ask: () => A): A => {
  zones.set(zone.name, zone)
  try {
    return ask()
  } finally {
    zones.delete(zone.name)
  }
}

/** Local minus UTC at an instant, milliseconds. */
export const offsetAt = (zone: Zone, at: EpochMillis): number => zone.spanAt(at).offsetMs

/** The wall time at an instant, written as if it were UTC. */
export const toLocal = (zone: Zone, at: EpochMillis): number => at + zone.spanAt(at).offsetMs

/** `2026-03-29T03:30:00+02:00`, with milliseconds only where there are some. */
export const formatInstant = (zone: Zone, at: EpochMillis): string => {
  if (!Number.isFinite(at)) return String(at)
  const { offsetMs } = zone.spanAt(at)
  const minutes = Math.round(Math.abs(offsetMs) / 60_000)
  const two = (value: number) => String(value).padStart(2, "0")
  const ms = ((at % 1000) + 1000) % 1000
  const fraction = ms === 0 ? "" : `.${String(ms).padStart(3, "0")}`
  const offset = `${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
  return `${formatLocal(at + offsetMs)}${fraction}${offset}`
}

/** Where a wall time lies. In a gap, `at` is the wall time moved forward by the gap; in a fold, `at` is the first pass. */
export type LocalPlace =
  | { readonly _tag: "Unique"; readonly at: EpochMillis }
  | { readonly _tag: "Gap"; readonly at: EpochMillis; readonly transitionAt: EpochMillis }
  | { readonly _tag: "Fold"; readonly at: EpochMillis; readonly second: EpochMillis }

/** Finds a wall time (written as if it were UTC) on the time line. */
export const placeLocal = (zone: Zone, localMs: number): LocalPlace => {
  let first: EpochMillis | undefined
  let span = zone.spanAt(localMs - maxOffsetMs)
  // Two transitions within 32 hours do not happen; the bound is only a bound.
  for (let steps = 0; steps < 16 && span.from <= localMs + maxOffsetMs; steps++) {
    if (first === undefined && localMs < span.from + span.offsetMs && localMs >= span.from + span.previousOffsetMs) {
      return { _tag: "Gap", at: localMs - span.previousOffsetMs, transitionAt: span.from }
    }
    const at = localMs - span.offsetMs
    if (at >= span.from && at < span.until) {
      if (first !== undefined) return { _tag: "Fold", at: first, second: at }
      first = at
    }
    if (span.until === Infinity) break
    span = zone.spanAt(span.until)
  }
  return { _tag: "Unique", at: first ?? localMs - span.offsetMs }
}

/** The instant of a wall time: a gap moves it forward, a fold means the first pass. */
export const toInstant = (zone: Zone, localMs: number): EpochMillis => placeLocal(zone, localMs).at

/** Enough for every zone name and its spellings; emptied when full. */
const maxZones = 2_000
const zones = new Map<string, Zone>()

const fixedZone = (name: string, offsetMs: number): Zone => {
  const span: Span = { from: -Infinity, until: Infinity, offsetMs, previousOffsetMs: offsetMs }
  return { name, spanAt: () => span }
}

const readFixedOffset = (text: string): number | undefined => {
  if (/^(utc|z|gmt|etc\/utc)$/i.test(text)) return 0
  const match = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$/i.exec(text)
  if (match === null) return undefined
  const [hours, minutes] = [Number(match[2]), Number(match[3] ?? 0)]
  if (hours > 15 || minutes > 59) throw new UnknownTimezoneError({ timezone: text })
  const offsetMs = (hours * 60 + minutes) * 60_000
  return match[1] === "-" ? -offsetMs : offsetMs
}

const offsetsOf = (timezone: string): ((at: EpochMillis) => number) => {
  if (timezone.length <= 64 && /^[A-Za-z]/.test(timezone)) {
    try {
      return offsetReader(timezone)
    } catch {
      // `Intl` says RangeError and nothing more.
    }
  }
  // Only with rules: in other texts the sign of POSIX is not told from that of ISO 8601.
  const posix = timezone.includes(",") ? readPosixZone(timezone) : undefined
  if (posix === undefined) throw new UnknownTimezoneError({ timezone })
  return posix.offsetAt
}

/** 366 days: a table is made for such a stretch at a time, when somebody first asks for it. */
const tableMs = 366 * 86_400_000
/** Before the year 1 and after the year 9999 the offset at these ends holds. */
const firstAt = -62_000_000_000_000
const lastAt = 253_402_300_799_000

class TabledZone implements Zone {
  readonly name: string
  private readonly read: (from: EpochMillis, until: EpochMillis) => ReadonlyArray<Span>
  private readonly tables = new Map<number, ReadonlyArray<Span>>()
  private latest: Span = { from: 0, until: 0, offsetMs: 0, previousOffsetMs: 0 }

  constructor(name: string, read: (from: EpochMillis, until: EpochMillis) => ReadonlyArray<Span>) {
    this.name = name
    this.read = read
  }

  spanAt(at: EpochMillis): Span {
    const latest = this.latest
    if (at >= latest.from && at < latest.until) return latest
    return (this.latest = this.find(at))
  }

  private find(at: EpochMillis): Span {
    const index = Math.floor(Math.min(Math.max(at, firstAt), lastAt) / tableMs)
    let table = this.tables.get(index)
    if (table === undefined) {
      table = this.read(index * tableMs, (index + 1) * tableMs)
      this.tables.set(index, table)
    }
    for (let place = table.length - 1; place > 0; place--) {
      const span = table[place]
      if (span !== undefined && at >= span.from) return span
    }
    const [span] = table
    if (span === undefined) throw new Error(`zone "${this.name}" has an empty table`)
    return span
  }
}
