/** What it costs to count one job with a long history: work that follows its length, in slices that let others in. */
import { describe, expect, it } from "vitest"
import { interval } from "../../src/index.ts"
import { newMemory } from "../../src/job/snapshot.ts"
import type { LedgerRow } from "../../src/store/jobStore.ts"
import { checkAccounting } from "../../src/verify/accounting.ts"

const everySecond = interval("1 second", { start: 1000 })
const whole = { from: -Infinity, guessed: false }

/** Runs a check to its end. */
const driven = (check: ReturnType<typeof checkAccounting>) => {
  for (let slices = 1; ; slices++) {
    const slice = check.next()
    if (slice.done === true) return { fireTimes: slice.value, slices }
  }
}

/** A fire time each second, all of them coalesced in pairs: what the check finds, its slices, and how often it looks at an entry. */
const checked = (pairs: number) => {
  let looks = 0
  const pair = (first: number): LedgerRow => ({
    jobKey: 1,
    kind: "coalesced",
    fromAt: first,
    get throughAt() {
      looks += 1
      return first + 1000
    },
    count: 2,
    reason: null,
    runKey: 1,
    at: first + 1000
  })
  const ledger = Array.from({ length: pairs }, (_, index) => pair(1000 + 2000 * index)).reverse()
  const memory = { ...newMemory(999, null, true), cursor: 2000 * pairs }
  const found: Array<string> = []
  const check = checkAccounting(memory, everySecond, { runs: [], ledger }, whole, (_, message) => found.push(message))
  return { ...driven(check), found, looks }
}

describe("checkAccounting", () => {
  it("looks at each ledger entry a few times, however many there are", () => {
    const { looks, ...rest } = checked(10_000)
    expect(rest).toEqual({ fireTimes: 20_000, found: [], slices: 21 })
    expect(looks / 10_000).toBeLessThan(8)
    expect(looks / 10_000).toBeCloseTo(checked(1000).looks / 1000)
  })

  it("tells a range that encloses another", () => {
    const entry = { jobKey: 1, kind: "misfired", reason: "maxInstances", runKey: null, at: 9000 } as const
    const range = (from: number, through: number, count: number): LedgerRow => ({
      ...entry,
      ...{ fromAt: from, throughAt: through, count }
    })
    const memory = { ...newMemory(999, null, true), cursor: 9000 }
    const found = (...ledger: ReadonlyArray<LedgerRow>): ReadonlyArray<string> => {
      const told: Array<string> = []
      driven(checkAccounting(memory, everySecond, { runs: [], ledger }, whole, (_, message) => told.push(message)))
      return told
    }
    expect(found(range(1000, 2000, 2), range(3000, 4000, 2), range(5000, 9000, 5))).toEqual([])
    expect(found(range(1000, 9000, 7), range(3000, 4000, 2))).not.toEqual([])
  })

  it("passes a pause of years in one step", () => {
    const through = 1e12
    const entry = { jobKey: 1, reason: null, runKey: null, at: through }
    const served = (at: number): LedgerRow => ({ ...entry, kind: "misfired", fromAt: at, throughAt: at, count: 1 })
    const paused: LedgerRow = { ...entry, kind: "paused", fromAt: 2500, throughAt: through, count: 0 }
    const memory = { ...newMemory(999, null, true), cursor: through + 2000 }
    const ledger = [served(through + 2000), paused, served(2000), served(1000)]
    const found: Array<string> = []
    const check = checkAccounting(memory, everySecond, { runs: [], ledger }, whole, (_, message) => found.push(message))
    expect(driven(check)).toEqual({ fireTimes: 4, slices: 1 })
    expect(found).toEqual([`fire time ${through + 1000} has no run and no ledger entry`])
  })
})
