import { describe, expect, it } from "vitest"
import { JobDraft } from "../../src/job/jobDraft.ts"
import { noAnswer } from "../../src/job/jobEvent.ts"
import { queueMissed } from "../../src/job/missed.ts"
import { standsFor } from "../../src/job/overlap.ts"
import type { Coalesce } from "../../src/job/rules.ts"
import { defaultRules } from "../../src/job/rules.ts"
import type { QueuedFire } from "../../src/job/snapshot.ts"
import { newMemory } from "../../src/job/snapshot.ts"

const range = (from: number, through: number, count: number) => ({ from, through, count })

/** What waits after downtimes whose fire times came each ten milliseconds: `[first, last]`, in the order of time. */
const after = (coalesce: Coalesce, ...downtimes: ReadonlyArray<readonly [number, number]>) => {
  const rules = { ...defaultRules, coalesce }
  const memory = newMemory(0, null, false)
  const draft = new JobDraft({ jobId: "a", rules, memory, answer: noAnswer })
  for (const [first, last] of downtimes) {
    const count = (last - first) / 10
    const fire: QueuedFire =
      coalesce === "earliest"
        ? { fireAt: first, ...(count === 0 ? {} : { coalesced: range(first + 10, last, count) }) }
        : { fireAt: last, ...(count === 0 ? {} : { coalesced: range(first, last - 10, count) }) }
    queueMissed(draft, rules, fire, first - 10, last)
  }
  expect(draft.memory.queue).toHaveLength(1)
  return draft.memory.queue.map((fire) => [fire.fireAt, standsFor(fire)])
}

describe("what was missed in one downtime and the next", () => {
  it("is one stretch where nothing lies between", () => {
    expect(after("latest", [10, 30], [40, 60])).toEqual([[60, [range(10, 50, 5)]]])
    expect(after("latest", [10, 10], [20, 20], [30, 30])).toEqual([[30, [range(10, 20, 2)]]])
    expect(after("earliest", [10, 30], [40, 60], [70, 70])).toEqual([[10, [range(20, 70, 6)]]])
    expect(after("earliest", [10, 10], [20, 20])).toEqual([[10, [range(20, 20, 1)]]])
  })

  it("stays apart where fire times between met a run", () => {
    expect(after("latest", [10, 30], [60, 80])).toEqual([[80, [range(60, 70, 2), range(10, 30, 3)]]])
    expect(after("latest", [10, 10], [60, 60], [70, 80], [100, 100])).toEqual([
      [100, [range(10, 10, 1), range(60, 80, 3)]]
    ])
    expect(after("earliest", [10, 30], [60, 80], [90, 90])).toEqual([[10, [range(20, 30, 2), range(60, 90, 4)]]])
    expect(after("earliest", [10, 10], [60, 60])).toEqual([[10, [range(60, 60, 1)]]])
  })

  it("counts each fire time once when the rule changes meanwhile", () => {
    const memory = newMemory(0, null, false)
    const draft = new JobDraft({ jobId: "a", rules: defaultRules, memory, answer: noAnswer })
    const earliest = { ...defaultRules, coalesce: "earliest" } as const
    queueMissed(draft, earliest, { fireAt: 10, coalesced: range(20, 30, 2) }, 0, 30)
    queueMissed(draft, earliest, { fireAt: 60, coalesced: range(70, 80, 2) }, 50, 80)
    queueMissed(draft, defaultRules, { fireAt: 100, coalesced: range(90, 90, 1) }, 80, 100)
    expect(draft.memory.queue.map(standsFor)).toEqual([[range(90, 90, 1), range(10, 30, 3), range(60, 80, 3)]])
  })
})
