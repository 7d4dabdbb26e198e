import { describe, expect, it } from "vitest"
import { JobDraft } from "../../src/job/jobDraft.ts"
import { noAnswer } from "../../src/job/jobEvent.ts"
import { queueMissed } from "../../src/job/missed.ts"
import { standsFor } from "../../src/job/overlap.ts"
import type { Coalesce, JobRules } from "../../src/job/rules.ts"
import { defaultRules } from "../../src/job/rules.ts"
import type { QueuedFire } from "../../src/job/snapshot.ts"
import { newMemory } from "../../src/job/snapshot.ts"
import { contextOf, entryTexts } from "./jobContext.ts"

const range = (from: number, through: number, count: number) => ({ from, through, count })

/** What waits after downtimes whose fire times came each ten milliseconds: `[first, last]`, in the order of time. */
const after = (coalesce: Coalesce, ...downtimes: ReadonlyArray<readonly [number, number]>) => {
  const rules = { ...defaultRules, coalesce }
  const memory = newMemory(0, null, false)
  const draft = new JobDraft({ jobId: "a", rules, memory, answer: noAnswer }, { type: "due" })
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
    const draft = new JobDraft({ jobId: "a", rules: defaultRules, memory, answer: noAnswer }, { type: "due" })
    const earliest = { ...defaultRules, coalesce: "earliest" } as const
    queueMissed(draft, earliest, { fireAt: 10, coalesced: range(20, 30, 2) }, 0, 30)
    queueMissed(draft, earliest, { fireAt: 60, coalesced: range(70, 80, 2) }, 50, 80)
    queueMissed(draft, defaultRules, { fireAt: 100, coalesced: range(90, 90, 1) }, 80, 100)
    expect(draft.memory.queue.map(standsFor)).toEqual([[range(90, 90, 1), range(10, 30, 3), range(60, 80, 3)]])
  })
})

/** What waits after `fire` has come due, too, while `queue` waited. */
const queueAfter = (
  rules: Partial<JobRules>,
  queue: ReadonlyArray<QueuedFire>,
  fire: QueuedFire,
  passed: number,
  now: number
) => {
  const draft = new JobDraft(contextOf({ queue }), { type: "due" })
  queueMissed(draft, { ...defaultRules, ...rules }, fire, passed, now)
  return { queue: draft.memory.queue, entries: entryTexts(draft.decision().answer.entries) }
}
const missed = (fireAt: number): QueuedFire => ({ fireAt, missed: true })

describe("several that wait since one downtime", () => {
  it("are part of the newest under latest, ascending, and joined only where nothing lies between", () => {
    const fire = { fireAt: 40, coalesced: range(30, 30, 1) }
    expect(queueAfter({}, [missed(5), missed(10), missed(20)], fire, 20, 40).queue).toStrictEqual([
      { fireAt: 40, coalesced: range(20, 30, 2), apart: [range(5, 5, 1), range(10, 10, 1)], missed: true }
    ])
    expect(queueAfter({}, [missed(10), missed(20)], { fireAt: 40 }, 30, 40).queue).toStrictEqual([
      { fireAt: 40, apart: [range(10, 10, 1), range(20, 20, 1)], missed: true }
    ])
  })

  it("have the oldest stand for all others under earliest, ascending", () => {
    const fire = { fireAt: 30, coalesced: range(40, 40, 1) }
    expect(queueAfter({ coalesce: "earliest" }, [missed(5), missed(10), missed(20)], fire, 20, 40).queue).toStrictEqual(
      [{ fireAt: 5, apart: [range(10, 10, 1), range(20, 40, 3)], missed: true }]
    )
  })

  it("misfire where they are past grace by now, and nothing stands for them", () => {
    const waiting = [missed(10), { ...missed(25), coalesced: range(20, 20, 1) }, missed(30)]
    expect(queueAfter({ misfireGraceMs: 10 }, waiting, { fireAt: 40 }, 30, 40)).toStrictEqual({
      queue: [{ fireAt: 40, coalesced: range(30, 30, 1), missed: true }],
      entries: ["late 20-20 (1)", "late 25-25 (1)", "late 10-10 (1)"]
    })
  })
})

describe("the fire time that stands for what was missed", () => {
  it("stands for what a stretch left apart, and grows at its newer end, under earliest", () => {
    const waiting = { ...missed(10), coalesced: range(20, 20, 1), apart: [range(50, 60, 2), range(80, 80, 1)] }
    const after = (fireAt: number, passed: number) =>
      queueAfter({ coalesce: "earliest" }, [waiting], { fireAt }, passed, fireAt).queue
    expect(after(90, 80)).toStrictEqual([{ ...waiting, apart: [range(50, 60, 2), range(80, 90, 2)] }])
    expect(after(99, 90)).toStrictEqual([{ ...waiting, apart: [...waiting.apart, range(99, 99, 1)] }])
  })

  it("grows by one stretch at its older end, and keeps those before that apart, under latest", () => {
    const waiting = { ...missed(80), coalesced: range(70, 70, 1), apart: [range(10, 20, 2), range(40, 40, 1)] }
    const after = (fireAt: number, passed: number) => queueAfter({}, [waiting], { fireAt }, passed, fireAt).queue
    expect(after(90, 80)).toStrictEqual([
      { fireAt: 90, coalesced: range(70, 80, 2), apart: waiting.apart, missed: true }
    ])
    expect(after(99, 90)).toStrictEqual([{ fireAt: 99, apart: [...waiting.apart, range(70, 80, 2)], missed: true }])
  })

  it("keeps all stretches where the rule was another one when the oldest began to wait", () => {
    const oldest = { ...missed(10), apart: [range(20, 30, 2)] }
    expect(queueAfter({}, [oldest, missed(50)], { fireAt: 90 }, 80, 90).queue).toStrictEqual([
      { fireAt: 90, apart: [range(10, 10, 1), range(20, 30, 2), range(50, 50, 1)], missed: true }
    ])
  })

  it("takes its place among what waits by its fire time, behind requests and what is older", () => {
    const request = { fireAt: 95, requested: true }
    const queue = [request, missed(10), { fireAt: 20 }, { fireAt: 60 }, { fireAt: 70 }]
    const fires = (fire: QueuedFire) => queueAfter({}, queue, fire, 10, 60).queue.map(({ fireAt }) => fireAt)
    expect(fires({ fireAt: 50 })).toEqual([95, 20, 50, 60, 70])
    expect(fires({ fireAt: 60 })).toEqual([95, 20, 60, 60, 70])
    expect(fires({ fireAt: 80 })).toEqual([95, 20, 60, 70, 80])
    expect(queueAfter({}, queue, { fireAt: 60 }, 30, 60).queue[3]).toMatchObject({ missed: true })
  })

  it("leaves those alone that were not missed but met a run", () => {
    expect(queueAfter({}, [{ fireAt: 20 }], { fireAt: 30 }, 20, 30).queue).toStrictEqual([{ fireAt: 20 }, missed(30)])
  })
})
