/** The zone rules that fire times were computed with. */
import { describe, expect, it } from "vitest"
import { ZoneMarks, zonesIn } from "../../../src/engine/writer/zoneMarks.ts"
import { zoneRulesAround } from "../../../src/time/zoneData.ts"
import { newMemory } from "../../../src/job/snapshot.ts"
import { everyMinute, makeJob, makeUnit } from "./jobs.ts"

const now = Date.UTC(2026, 5, 1)
const year = 366 * 86_400_000
const rulesOf = (timezone: string, at = now) => JSON.stringify(zoneRulesAround(timezone, at))
/** The same rules with the clocks never changed. */
const otherRules = (timezone: string): string => {
  const rules = zoneRulesAround(timezone, now)
  return JSON.stringify({ ...rules, offsets: rules.offsets.slice(0, 1) })
}
const inZones = (...timezones: ReadonlyArray<string>): string =>
  JSON.stringify({ type: "or", of: timezones.map((timezone) => ({ type: "cron", timezone })) })

/** Marks that a commit leaves which adds a job in each of these zones. */
const noted = (marks: ReadonlyMap<string, string>, ...triggers: ReadonlyArray<string>) => {
  const unit = makeUnit({ now })
  for (const [index, trigger] of triggers.entries()) {
    const { row, rules } = makeJob(index)
    unit.add({ ...row, id: `job ${index}`, trigger }, rules, everyMinute, newMemory(0, now, false))
  }
  new ZoneMarks(marks).note(unit)
  return unit.marks
}

describe("the zones that a trigger names", () => {
  it.each<readonly [string, string, ReadonlyArray<string>]>([
    ["none", `{"type":"interval","everyMs":1}`, []],
    ["its own", inZones("Europe/Vienna"), ["Europe/Vienna"]],
    [
      "each once",
      inZones("UTC", "Etc/GMT+5", "UTC", "America/Port-au-Prince"),
      ["UTC", "Etc/GMT+5", "America/Port-au-Prince"]
    ],
    ["nothing that looks like none", inZones("../etc", ""), []]
  ])("are %s", (_which, trigger, zones) => {
    expect(zonesIn(trigger)).toEqual(zones)
  })
})

describe("the marks of zones", () => {
  it("hold the rules of those that a commit adds, each once, unless they are there already", () => {
    const marks = new Map([["zone:UTC", rulesOf("UTC")]])
    const added = noted(marks, inZones("Europe/Vienna", "UTC"), inZones("Europe/Vienna"))
    expect([...added]).toEqual([["zone:Europe/Vienna", rulesOf("Europe/Vienna")]])
  })

  it("leave out what no runtime knows: a custom trigger may call anything its time zone", () => {
    expect([...noted(new Map(), inZones("Middle/Earth"))]).toEqual([])
  })

  it("are not left for jobs that are only run", () => {
    const unit = makeUnit({ now })
    unit.touch(unit.load(makeJob(1, { row: { trigger: inZones("Europe/Vienna") } })))
    new ZoneMarks(new Map()).note(unit)
    expect([...unit.marks]).toEqual([])
  })

  it("tell which zones have other rules now, and what they had", () => {
    const marks = new Map([
      ["zone:Europe/Vienna", otherRules("Europe/Vienna")],
      ["zone:America/New_York", rulesOf("America/New_York")],
      ["zone:Middle/Earth", rulesOf("UTC")],
      ["mark:Asia/Tokyo", otherRules("Europe/Vienna")]
    ])
    const changed = new ZoneMarks(marks).changed()
    expect([...changed.keys()]).toEqual(["Europe/Vienna"])
    expect(changed.get("Europe/Vienna")?.offsets.length).toBe(1)
  })

  it.each([
    ["no JSON", "{"],
    ["nothing", "null"],
    ["no beginning", JSON.stringify({ until: 2, offsets: [] })],
    ["no end", JSON.stringify({ from: 1, offsets: [] })],
    ["no list", JSON.stringify({ from: 1, until: 2, offsets: 3 })],
    ["an entry that is no pair", JSON.stringify({ from: 1, until: year, offsets: [[1, 2], 3] })],
    [
      "a pair too long",
      JSON.stringify({
        from: 1,
        until: year,
        offsets: [
          [1, 2],
          [1, 2, 3]
        ]
      })
    ],
    [
      "a pair of texts",
      JSON.stringify({
        from: 1,
        until: year,
        offsets: [
          [1, 2],
          [1, "2"]
        ]
      })
    ]
  ])("that are damaged tell nothing: %s", (_how, text) => {
    const marks = new ZoneMarks(new Map([["zone:Europe/Vienna", text]]))
    expect([marks.changed().size, marks.isStale(now)]).toEqual([0, false])
  })

  it("are renewed where they reach less than five years ahead, or say something else", () => {
    const marks = new ZoneMarks(
      new Map([
        ["zone:Europe/Vienna", otherRules("Europe/Vienna")],
        ["zone:America/New_York", rulesOf("America/New_York")],
        ["zone:Asia/Tokyo", rulesOf("Asia/Tokyo", now - 7 * year)],
        ["zone:Middle/Earth", rulesOf("UTC", now - 7 * year)]
      ])
    )
    const unit = makeUnit({ now })
    marks.renew(unit)
    expect([...unit.marks]).toEqual([
      ["zone:Europe/Vienna", rulesOf("Europe/Vienna")],
      ["zone:Asia/Tokyo", rulesOf("Asia/Tokyo")]
    ])
  })

  it("are stale where one of them reaches less than five years ahead", () => {
    const fresh = ["zone:America/New_York", rulesOf("America/New_York")] as const
    expect(new ZoneMarks(new Map([fresh])).isStale(now)).toBe(false)
    const old = ["zone:Asia/Tokyo", rulesOf("Asia/Tokyo", now - 7 * year)] as const
    expect(new ZoneMarks(new Map([fresh, old])).isStale(now)).toBe(true)
  })
})
