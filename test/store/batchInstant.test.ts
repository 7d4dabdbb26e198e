import { describe, expect, it } from "vitest"
import { batchInstant } from "../../src/store/batchInstant.ts"
import { batchOf, claim, entry, job, settle, state } from "../../src/store/contract/storeCheck.ts"
import type { StoreBatch } from "../../src/store/jobStore.ts"

const instantOf = (batch: Partial<StoreBatch>) => batchInstant(batchOf(batch), 99)

describe("the instant of a batch", () => {
  it("is the one that it names, whatever its rows say", () => {
    expect(instantOf({ at: 5, claims: [claim(1, 1, { claimedAt: 7 })] })).toBe(5)
  })

  it.each<[rows: string, batch: Partial<StoreBatch>]>([
    [
      "settled runs",
      { settled: [settle(1, { finishedAt: 6 }), settle(2, { finishedAt: 7 }), settle(3, { finishedAt: 5 })] }
    ],
    ["runs that go on, by their start", { settled: [settle(1, { startedAt: 7, finishedAt: null })] }],
    ["claims", { claims: [claim(1, 1, { claimedAt: 7 }), claim(2, 1, { claimedAt: 6 })] }],
    ["ledger entries", { ledger: [entry(1, { at: 7 }), entry(1, { at: 6 })] }],
    ["added jobs", { added: [job(1, { addedAt: 7 }), job(2, { addedAt: 6 })] }],
    ["removed jobs", { removed: [7, 6].map((removedAt) => ({ key: removedAt, removedAt })) }]
  ])("is the latest of %s", (_rows, batch) => {
    expect(instantOf(batch)).toBe(7)
  })

  it("is the latest of all rows together", () => {
    expect(instantOf({ claims: [claim(1, 1, { claimedAt: 7 })], ledger: [entry(1, { at: 8 })] })).toBe(8)
    expect(instantOf({ claims: [claim(1, 1, { claimedAt: 8 })], ledger: [entry(1, { at: 7 })] })).toBe(8)
  })

  it("is what was given for it where no row has one: wake-ups and fire times may lie ahead", () => {
    expect(instantOf({})).toBe(99)
    expect(instantOf({ states: [state(1, { wakeAt: 500 })] })).toBe(99)
    expect(instantOf({ settled: [settle(1, { startedAt: null, finishedAt: null })] })).toBe(99)
  })

  it("may lie before 1970", () => {
    expect(instantOf({ claims: [claim(1, 1, { claimedAt: -7 })] })).toBe(-7)
  })
})
