/** What a damaged row is read as: what it holds where that can be, and words for what it cannot. */
import { Effect, Either } from "effect"
import { describe, expect, it } from "vitest"
import { readColumns, text, textOrNull, whole, wholeNumber, wholeOrNull } from "../../../src/store/sqlite/columns.ts"
import {
  bareRunColumns,
  jobRow,
  kindCodes,
  ledgerRows,
  outcomeCodes,
  runColumns,
  runRow,
  stateCodes,
  type StoredJob,
  type StoredLedger,
  type StoredRun
} from "../../../src/store/sqlite/rows.ts"

const columns = [whole("count", 7), wholeOrNull("end", 8), text("name", "nobody"), textOrNull("note")]

describe("columns", () => {
  it.each([[[1, 2, "a", "b"]], [[0, null, "", null]], [[-5, 2 ** 52, "a", null]]])(
    "that hold what they must: %j",
    (row) => {
      expect(readColumns(columns, row)).toEqual({ row, damage: null })
    }
  )

  it.each<[row: ReadonlyArray<unknown>, read: ReadonlyArray<unknown>, damage: string]>([
    [[null, 2, "a", "b"], [7, 2, "a", "b"], "count is NULL where a whole number belongs"],
    [["1", 2, "a", "b"], [7, 2, "a", "b"], 'count is "1" where a whole number belongs'],
    [[1.5, 2, "a", "b"], [7, 2, "a", "b"], "count is 1.5 where a whole number belongs"],
    [[1, "x", "a", "b"], [1, 8, "a", "b"], 'end is "x" where a whole number belongs'],
    [[1, 2, null, "b"], [1, 2, "nobody", "b"], "name is NULL where text belongs"],
    [[1, 2, "a", new Uint8Array(3)], [1, 2, "a", null], "note is a blob where text belongs"],
    [
      [null, 2, 3, "b"],
      [7, 2, "nobody", "b"],
      "count is NULL where a whole number belongs, name is 3 where text belongs"
    ]
  ])("%j are read as %j", (row, read, damage) => {
    expect(readColumns(columns, row)).toEqual({ row: read, damage })
  })

  it("on which all jobs lean are whole numbers, or nothing can be read", () => {
    const read = (found: unknown) => Effect.runSync(Effect.either(wholeNumber("my store", "the epoch", found)))
    expect(read(5)).toEqual(Either.right(5))
    expect(Either.flip(read(null))).toMatchObject({
      right: { _tag: "StoreUnreadable", cause: "the epoch is NULL where a whole number belongs" }
    })
  })
})

describe("a word in a file", () => {
  it("has the number that it has in every file that was ever written", () => {
    expect([stateCodes, outcomeCodes, kindCodes]).toEqual([
      { scheduled: 0, running: 1, misfired: 2, paused: 3, done: 4 },
      { succeeded: 0, failed: 1, timedOut: 2, cancelled: 3, interrupted: 4 },
      { misfired: 0, coalesced: 1, paused: 2, superseded: 3 }
    ])
  })
})

describe("a row", () => {
  const job: StoredJob = [3, "a", "report", "{}", null, "[]", "{1}", "{2}", 10, null, 2, 20, 0, "slow", "{3}"]
  const run: StoredRun = [5, 3, "a", 20, 0, 21, 1, "[]", 2, 22, 23, 1, "1", "2"]
  const entry: StoredLedger = [3, "a", 1, 20, 30, 4, "late", 5, 31]
  const but = <Row extends ReadonlyArray<unknown>>(row: Row, place: number, value: unknown): Row =>
    row.with(place, value) as unknown as Row

  it("of a job has each column in its field", () => {
    const read = {
      ...{ key: 3, id: "a", task: "report", trigger: "{}", stream: null, args: "[]", rules: "{1}", notes: "{2}" },
      ...{ addedAt: 10, removedAt: null, value: "misfired", wakeAt: 20, fault: false, executor: "slow", memory: "{3}" }
    }
    expect(jobRow(job)).toEqual(read)
    expect(jobRow(but(job, 12, 1))).toEqual({ ...read, fault: true })
    expect(jobRow(but(job, 10, 9))).toEqual({ ...read, value: "code 9" })
  })

  it("of a job that is damaged says where, is parked where that is, and has a name of its own", () => {
    expect(jobRow(but(job, 1, null))).toMatchObject({
      id: "unreadable id of the job with key 3",
      damage: "id is NULL where text belongs"
    })
    const odd: StoredJob = [null, 1, 2, 3, 4, 5, 6, 7, "8", "9", "10", "11", "12", 13, 14] as unknown as StoredJob
    expect(jobRow(odd)).toMatchObject({
      ...{ key: 0, id: "unreadable id of the job with key 0", task: "", trigger: "", stream: null, args: "" },
      ...{ rules: "", notes: "", addedAt: 0, removedAt: 0, value: "code -1", wakeAt: null, fault: true },
      ...{ executor: "default", memory: "" }
    })
  })

  it("of a run has each column in its field", () => {
    expect(runRow(run)).toEqual({
      ...{ runKey: 5, jobKey: 3, jobId: "a", fireAt: 20, request: 0, claimedAt: 21, epoch: 1, args: "[]" },
      ...{ attempt: 2, startedAt: 22, finishedAt: 23, outcome: "failed", result: "1", error: "2" }
    })
    expect(runRow(but(run, 11, null)).outcome).toBeNull()
  })

  it("of a run that is damaged says where", () => {
    expect(runRow(but(run, 2, 7))).toMatchObject({
      jobId: "unreadable id of the job with key 3",
      damage: "id is 7 where text belongs"
    })
    const odd = Array.from({ length: 14 }, () => Symbol.iterator) as unknown as StoredRun
    expect(runRow(odd)).toMatchObject({
      ...{ runKey: 0, jobKey: 0, fireAt: 0, request: 0, claimedAt: 0, epoch: 0, args: null, attempt: 1 },
      ...{ startedAt: null, finishedAt: null, outcome: null, result: null, error: null }
    })
  })

  it("of the ledger that is damaged is left out", () => {
    const read = {
      ...{ jobKey: 3, jobId: "a", kind: "coalesced", fromAt: 20, throughAt: 30, count: 4, reason: "late" },
      ...{ runKey: 5, at: 31 }
    }
    expect(ledgerRows([but(entry, 5, "4"), entry])).toEqual([read])
    expect(ledgerRows(entry.map((_, place) => but(entry, place, new Uint8Array(1))))).toEqual([])
  })

  it("of a run without its texts is asked for with NULL in their places", () => {
    const names = (list: string) => list.split(/,\s*/)
    expect(names(bareRunColumns)).toEqual(
      names(runColumns).map((name) => (/^r\.(args|result|error)$/.test(name) ? "NULL" : name))
    )
  })
})
