import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { dayMs } from "../../src/time/civil.ts"
import { placeLocal, zoneOf } from "../../src/time/zone.ts"
import type { ZoneRules } from "../../src/time/zoneData.ts"
import {
  firstDifference,
  offsetIn,
  reachesFar,
  sameZoneRules,
  withFormerRules,
  zoneRulesAround
} from "../../src/time/zoneData.ts"

const at = (text: string) => Date.parse(text)
const hour = 3_600_000
const stockholm = "Europe/Stockholm"
const now = at("2026-07-01T00:00:00Z")
const [toSummer, toWinter] = [at("2027-03-28T01:00:00Z"), at("2027-10-31T01:00:00Z")]

/** What a law that ends summer time in 2027 makes of the rules, `rules` being those before it. */
const withoutSummerOf2027 = (rules: ZoneRules): ZoneRules => ({
  ...rules,
  offsets: rules.offsets.filter(([from]) => from !== toSummer && from !== toWinter)
})

describe("a zone's rules", () => {
  const rules = zoneRulesAround(stockholm, now)

  it("reach from two years before to ten years after, and begin anew with each change of the offset", () => {
    const year = 366 * dayMs
    expect(rules.from % year).toBe(0)
    expect([now - rules.from >= 2 * year, now - rules.from < 3 * year]).toEqual([true, true])
    expect(rules.until - rules.from).toBe(12 * year)
    expect(rules.offsets[0]).toEqual([rules.from, hour])
    expect(rules.offsets.filter(([from]) => from > at("2026-01-01T00:00:00Z")).slice(0, 4)).toEqual([
      [at("2026-03-29T01:00:00Z"), 2 * hour],
      [at("2026-10-25T01:00:00Z"), hour],
      [toSummer, 2 * hour],
      [toWinter, hour]
    ])
  })

  it("are one entry where the offset never changes", () => {
    expect(zoneRulesAround("Asia/Tokyo", now).offsets).toEqual([[rules.from, 9 * hour]])
  })

  it("stay inside their stretch, whatever holds around it", () => {
    const inside = { from: toSummer, until: toWinter }
    expect(sameZoneRules(stockholm, { ...inside, offsets: [[toSummer, 2 * hour]] })).toBe(true)
    expect(sameZoneRules(stockholm, { ...inside, until: toWinter + 1, offsets: [[toSummer, 2 * hour]] })).toBe(false)
  })

  it("are the same as this runtime's, or not", () => {
    expect(sameZoneRules(stockholm, rules)).toBe(true)
    expect(sameZoneRules(stockholm, withoutSummerOf2027(rules))).toBe(false)
    expect(sameZoneRules("Europe/London", rules)).toBe(false)
  })

  it("say which offset held when, and none before they begin", () => {
    expect([rules.from - 1, rules.from, toSummer - 1, toSummer, toWinter].map((when) => offsetIn(rules, when))).toEqual(
      [undefined, hour, hour, 2 * hour, hour]
    )
  })

  it("reach far while five years lie ahead and none were missed", () => {
    const fiveYears = 5 * 366 * dayMs
    const last = rules.until - fiveYears
    expect([rules.from - 1, rules.from, last, last + 1].map((when) => reachesFar(rules, when))).toEqual([
      false,
      true,
      true,
      false
    ])
  })
})

describe("the first difference from the runtime's rules", () => {
  const rules = zoneRulesAround(stockholm, now)

  it("is none where there is none", () => {
    expect(firstDifference(stockholm, rules)).toBe(Infinity)
  })

  it("is the first transition that one of them has not", () => {
    expect(firstDifference(stockholm, withoutSummerOf2027(rules))).toBe(toSummer)
    const extra: ZoneRules = {
      ...rules,
      offsets: [...rules.offsets.filter(([from]) => from < toSummer - dayMs), [toSummer - dayMs, 2 * hour]]
    }
    expect(firstDifference(stockholm, extra)).toBe(toSummer - dayMs)
  })
})

describe("a zone that changes its rules", () => {
  const rules = withoutSummerOf2027(zoneRulesAround(stockholm, now))
  const changeAt = at("2027-06-01T00:00:00Z")
  const asked = <A>(ask: (zone: ReturnType<typeof zoneOf>) => A): A =>
    withFormerRules(stockholm, rules, changeAt, (name) => ask(zoneOf(name)))

  it("has the former offsets before, and the runtime's from then on", () => {
    const offsets = asked((zone) =>
      ["2027-01-15", "2027-05-31", "2027-06-01", "2027-07-15", "2027-12-01", "2040-07-01"].map(
        (day) => zone.spanAt(at(`${day}T00:00:00Z`)).offsetMs / hour
      )
    )
    expect(offsets).toEqual([1, 1, 2, 2, 1, 2])
  })

  it("has the runtime's offsets before the stretch of the former ones, up to where that begins", () => {
    const before = asked((zone) => zone.spanAt(rules.from - 1))
    expect(before).toMatchObject({ offsetMs: hour, until: rules.from })
    const longAgo = asked((zone) => zone.spanAt(at("2020-07-01T00:00:00Z")))
    expect(longAgo).toEqual(zoneOf(stockholm).spanAt(at("2020-07-01T00:00:00Z")))
  })

  it("has spans without holes, each with the offset before it", () => {
    asked((zone) => {
      let before = zone.spanAt(rules.from)
      expect(before.from).toBe(rules.from)
      const spans = []
      while (before.until < at("2028-06-01T00:00:00Z")) {
        const span = zone.spanAt(before.until)
        expect([span.from, span.previousOffsetMs]).toEqual([before.until, before.offsetMs])
        expect(zone.spanAt(span.until - 1)).toEqual(span)
        spans.push([span.from, span.offsetMs / hour])
        before = span
      }
      expect(spans.filter(([from = 0]) => from > at("2026-12-31T00:00:00Z")).slice(0, 2)).toEqual([
        [changeAt, 2],
        [toWinter, 1]
      ])
    })
  })

  it("changes as clocks do: the hour that the new rules skip is a gap", () => {
    expect(asked((zone) => placeLocal(zone, at("2027-06-01T01:30:00Z")))).toEqual({
      _tag: "Gap",
      at: at("2027-06-01T00:30:00Z"),
      transitionAt: changeAt
    })
  })

  it("has the former offset before a change at the very start of the rules", () => {
    const span = withFormerRules(stockholm, rules, rules.from, (name) => zoneOf(name).spanAt(rules.from))
    expect(span).toMatchObject({ from: rules.from, offsetMs: hour, previousOffsetMs: hour })
  })

  it("has the former offset just before, also where the runtime had another", () => {
    const eastern: ZoneRules = { ...rules, offsets: [[rules.from, 3 * hour]] }
    const change = toSummer
    const [before, after] = withFormerRules(stockholm, eastern, change, (name) =>
      [change - 1, change].map((when) => zoneOf(name).spanAt(when))
    )
    expect(before).toEqual({ from: rules.from, until: change, offsetMs: 3 * hour, previousOffsetMs: 3 * hour })
    expect(after).toMatchObject({ from: change, offsetMs: 2 * hour, previousOffsetMs: 3 * hour })
  })

  it("has each former offset from its transition to the next", () => {
    const dates = ["2026-10-25T01:00:00Z", "2026-03-29T01:00:00Z"].map(at)
    const [winter, summer] = dates.map((from) => asked((zone) => zone.spanAt(from)))
    expect(summer).toEqual({ from: dates[1], until: dates[0], offsetMs: 2 * hour, previousOffsetMs: hour })
    expect(winter).toEqual({ from: dates[0], until: changeAt, offsetMs: hour, previousOffsetMs: 2 * hour })
  })

  it("has before each former offset the one that came before it", () => {
    const [second, third] = [rules.from + 100 * dayMs, rules.from + 200 * dayMs]
    const three: ZoneRules = {
      ...rules,
      offsets: [
        [rules.from, hour],
        [second, 2 * hour],
        [third, 3 * hour]
      ]
    }
    const spans = withFormerRules(stockholm, three, changeAt, (name) =>
      [rules.from, second, third].map((when) => zoneOf(name).spanAt(when))
    )
    expect(spans).toEqual([
      { from: rules.from, until: second, offsetMs: hour, previousOffsetMs: hour },
      { from: second, until: third, offsetMs: 2 * hour, previousOffsetMs: hour },
      { from: third, until: changeAt, offsetMs: 3 * hour, previousOffsetMs: 2 * hour }
    ])
  })

  it("ends the runtime's last span where the rules begin, be that in the middle of it", () => {
    const from = at("2026-05-01T00:00:00Z")
    const late: ZoneRules = { ...rules, from, offsets: [[from, 3 * hour]] }
    const span = withFormerRules(stockholm, late, changeAt, (name) => zoneOf(name).spanAt(from - 1))
    expect(span).toMatchObject({ from: at("2026-03-29T01:00:00Z"), until: from, offsetMs: 2 * hour })
  })

  it("has the runtime's offset before a change that comes before the rules begin", () => {
    const early = at("2020-03-29T01:00:00Z")
    const span = withFormerRules(stockholm, rules, early, (name) => zoneOf(name).spanAt(early))
    expect(span).toMatchObject({ from: early, offsetMs: 2 * hour, previousOffsetMs: hour })
  })

  it("is named for the zone and the instant, and is known only while asked", () => {
    const name = withFormerRules(stockholm, rules, changeAt, (known) => known)
    expect(name).toBe(`Europe/Stockholm until ${changeAt}`)
    expect(() => zoneOf(name)).toThrow(expect.objectContaining({ _tag: "UnknownTimezoneError" }))
    const fault = () => {
      throw new RangeError("while asked")
    }
    expect(() => withFormerRules(stockholm, rules, changeAt, fault)).toThrow(RangeError)
    expect(() => zoneOf(name)).toThrow(expect.objectContaining({ _tag: "UnknownTimezoneError" }))
  })
})

describe("the edition of the zones", () => {
  beforeEach(() => {
    vi.resetModules()
  })

  afterEach(() => {
    vi.unstubAllGlobals()
  })

  /** What a runtime says whose `process` tells `told`, and in which these zones are so many minutes from UTC for all time. */
  const editionOf = async (told: unknown, offsetMinutes: Readonly<Record<string, number>> = {}): Promise<string> => {
    vi.stubGlobal("process", { ...process, versions: { ...process.versions, tz: told } })
    const { DateTimeFormat } = Intl
    vi.stubGlobal("Intl", {
      ...Intl,
      DateTimeFormat: class {
        private readonly zone: string
        constructor(_: string, { timeZone }: { readonly timeZone: string }) {
          this.zone = new DateTimeFormat("en-US", { timeZone }).resolvedOptions().timeZone
          if (offsetMinutes[this.zone] === undefined) throw new RangeError("no such zone")
        }
        format(): string {
          const minutes = offsetMinutes[this.zone] ?? 0
          const two = (value: number) => String(value).padStart(2, "0")
          return `12 GMT${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
        }
      }
    })
    const { zoneDataVersion } = await import("../../src/time/zoneData.ts")
    const edition = zoneDataVersion()
    vi.unstubAllGlobals()
    expect(zoneDataVersion(), "asked again").toBe(edition)
    return edition
  }

  it("is what the runtime tells", async () => {
    expect(await editionOf("2031x")).toBe("2031x")
  })

  const newest = {
    "America/Coyhaique": -180,
    "Asia/Almaty": 300,
    "America/Chihuahua": -360,
    "Asia/Tehran": 210
  }

  it.each<readonly [string, Readonly<Record<string, number>>]>([
    ["2025b+", newest],
    ["2024a+", { ...newest, "America/Coyhaique": -240 }],
    ["2022f+", { "Asia/Almaty": 360, "America/Chihuahua": -360, "Asia/Tehran": 210 }],
    ["2022b+", { "Asia/Tehran": 210 }],
    ["before 2022b", { "Asia/Tehran": 270 }],
    ["before 2022b", {}]
  ])(
    "is %s by its offsets where it tells none, a zone that it doesn't know being older than its edition",
    async (edition, offsets) => {
      expect(await editionOf(undefined, offsets)).toBe(edition)
      vi.resetModules()
      expect(await editionOf("", offsets)).toBe(edition)
      vi.resetModules()
      expect(await editionOf(2025, offsets)).toBe(edition)
    }
  )

  it("shows in this runtime's offsets as it is told", async () => {
    const told = process.versions["tz"] ?? ""
    vi.stubGlobal("process", undefined)
    const { zoneDataVersion } = await import("../../src/time/zoneData.ts")
    const shown = zoneDataVersion()
    vi.unstubAllGlobals()
    expect(shown).toMatch(/^20\d\d[a-z]\+$/)
    expect(shown.slice(0, 5) <= told).toBe(true)
  })
})
