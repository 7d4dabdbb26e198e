/** From when on fire times are claimed, and what of it the store is told. */
import { describe, expect, it } from "vitest"
import { ClaimingSince, isOverlap, readClaimingSince } from "../../../src/engine/writer/claimingSince.ts"
import type { LedgerRow } from "../../../src/store/jobStore.ts"

const marked = (begins: unknown, overlapAt?: string): ReadonlyMap<string, string> =>
  new Map([
    ["claimingSince", typeof begins === "string" ? begins : JSON.stringify(begins)],
    ...(overlapAt === undefined ? [] : [["overlapAt", overlapAt] as const])
  ])
const overlap: LedgerRow = {
  ...{ jobKey: 1, kind: "misfired", fromAt: 0, throughAt: 0, count: 1, reason: "maxInstances", runKey: null, at: 0 }
}
const late: LedgerRow = { ...overlap, reason: "late" }
const none = new Map<string, string>()

describe("claiming", () => {
  it("has missed nothing that is known before it begins, and all until then once it has", () => {
    const claiming = new ClaimingSince(none)
    expect([claiming.missedThrough(50), claiming.all]).toEqual([null, []])
    claiming.begin(100)
    expect([100, 500].map((now) => claiming.missedThrough(now))).toEqual([100, 100])
    claiming.begin(700)
    expect(claiming.missedThrough(900)).toBe(700)
    expect(claiming.all).toEqual([
      { since: 100, recordedFrom: 100 },
      { since: 700, recordedFrom: 700 }
    ])
  })

  it("has not begun where only earlier owners have", () => {
    const claiming = new ClaimingSince(marked([[100, 100]]))
    expect([claiming.missedThrough(500), claiming.marks([], 500)]).toEqual([null, []])
    claiming.begin(600)
    expect(claiming.all.map(({ since }) => since)).toEqual([100, 600])
  })

  it("begins again where the clock was set back: later ones are no instants of this time", () => {
    const claiming = new ClaimingSince(none)
    for (const now of [100, 200, 300]) claiming.begin(now)
    expect(claiming.missedThrough(250)).toBe(250)
    expect(claiming.all.map(({ since }) => since)).toEqual([100, 200, 250])
    claiming.begin(200)
    expect(claiming.all.map(({ since }) => since)).toEqual([100, 200])
  })

  it("tells the store of each beginning once, when that is on disk", () => {
    const claiming = new ClaimingSince(none)
    claiming.begin(100)
    const mark = [{ name: "claimingSince", value: "[[100,100]]" }]
    expect(claiming.marks([], 150)).toEqual(mark)
    const { all } = claiming
    expect(claiming.marks([], 160)).toEqual(mark)
    claiming.begin(200)
    claiming.committed(all)
    expect(claiming.marks([], 210)).toMatchObject([{ value: "[[100,100],[200,200]]" }])
    claiming.committed(claiming.all)
    expect(claiming.marks([], 220)).toEqual([])
  })

  it("keeps the newest hundred", () => {
    const claiming = new ClaimingSince(none)
    for (let now = 1; now <= 102; now++) claiming.begin(now)
    expect([claiming.all.length, claiming.all[0]?.since]).toEqual([100, 3])
  })

  it("tells the store when the last overlap was recorded, and of other entries nothing", () => {
    const claiming = new ClaimingSince(none)
    expect(claiming.marks([late], 100)).toEqual([])
    expect(claiming.marks([late, overlap], 100)).toEqual([{ name: "overlapAt", value: "100" }])
    // The clock was set back meanwhile.
    expect(claiming.marks([overlap], 40)).toEqual([{ name: "overlapAt", value: "100" }])
    expect([isOverlap(overlap), isOverlap(late)]).toEqual([true, false])
  })

  it("is told apart from overlaps recorded before by the clock that was ahead", () => {
    const claiming = new ClaimingSince(marked([], "500"))
    claiming.begin(400)
    expect(claiming.all).toEqual([{ since: 400, recordedFrom: 501 }])
    claiming.begin(600)
    expect(claiming.all.at(-1)).toEqual({ since: 600, recordedFrom: 600 })
  })

  it("takes a damaged mark for none", () => {
    const claiming = new ClaimingSince(marked([], "soon"))
    claiming.begin(400)
    expect(claiming.all).toEqual([{ since: 400, recordedFrom: 400 }])
  })
})

describe("what earlier owners have left", () => {
  it.each<readonly [string, ReadonlyMap<string, string>, ReadonlyArray<number>]>([
    [
      "is read",
      marked([
        [1, 1],
        [2, 5]
      ]),
      [1, 2]
    ],
    ["is nothing in a new store", none, []],
    ["is nothing in a damaged text", marked("[[1,"), []],
    ["is nothing in a text of something else", marked({ since: 1 }), []],
    ["is what is whole of it", marked([[1, 1], 7, [2], [3, "x"], ["x", 3], [4, 4]]), [1, 4]]
  ])("%s", (_what, marks, expected) => {
    expect(readClaimingSince(marks).map(({ since }) => since)).toEqual(expected)
  })
})
