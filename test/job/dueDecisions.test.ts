/** Fire times that come due, as decisions: what is missed and what overlaps, and how far the job's cursor goes. */
import { describe, expect, it } from "vitest"
import type { DueFireTimes } from "../../src/job/dueFireTimes.ts"
import type { Coming } from "../../src/job/fireTimeEvents.ts"
import type { JobRules } from "../../src/job/rules.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { decided, decidedOnAll } from "./decided.ts"
import { contextOf, entryTexts, run } from "./jobContext.ts"

type Came = DueFireTimes & Coming

const range = (from: number, through: number, count: number) => ({ from, through, count })
const nothingDue = { late: null, due: null, second: null, penultimate: null, times: [] }

/** Fire times each ten milliseconds, of which those from `first` through `last` are due. */
const tens = (first: number, last: number): Partial<Came> => {
  const times = Array.from({ length: (last - first) / 10 + 1 }, (_, index) => first + index * 10)
  return {
    due: range(first, last, times.length),
    second: times[1] ?? null,
    penultimate: times.at(-2) ?? null,
    times,
    nextFireAt: last + 10
  }
}
const cameDue = (memory: Partial<JobMemory>, event: Partial<Came>, rules: Partial<JobRules> = {}) =>
  decidedOnAll(
    contextOf(memory, rules),
    { ...nothingDue, more: false, nextFireAt: 110, exhausted: false, ...event },
    {
      now: 100,
      firstRunKey: 7,
      ...(event.missedThrough === undefined ? {} : { missedThrough: event.missedThrough }),
      ...(event.args === undefined ? {} : { args: event.args })
    }
  )
const waiting = ({ memory }: { readonly memory: JobMemory }) =>
  memory.queue.map(({ fireAt, missed }) => (missed === true ? `missed ${fireAt}` : `${fireAt}`))

describe("a job's cursor", () => {
  it("goes to the newest that is due, or late where none is in time, and never back", () => {
    expect(cameDue({}, { ...tens(80, 100), late: range(60, 70, 2) }).memory.cursor).toBe(100)
    expect(cameDue({}, { late: range(60, 70, 2) }).memory.cursor).toBe(70)
    expect(cameDue({ cursor: 200 }, tens(80, 100)).memory.cursor).toBe(200)
    expect(cameDue({ cursor: 50 }, {}).memory).toMatchObject({ cursor: 50, nextFireAt: 110 })
  })

  it("is beyond what a stream could not make a run of", () => {
    const refused = (cursor: number, count?: number) =>
      decided(contextOf({ cursor }), {
        type: "refused",
        now: 100,
        fireAt: 90,
        reason: "invalidValue",
        ...(count === undefined ? {} : { count })
      })
    expect(refused(20).memory).toMatchObject({ cursor: 90, misfire: "invalidValue" })
    expect(refused(95).memory.cursor).toBe(95)
    expect(entryTexts(refused(20).answer.entries)).toEqual(["invalidValue 90-90 (1)"])
    expect(entryTexts(refused(20, 3).answer.entries)).toEqual(["invalidValue 90-90 (3)"])
  })
})

describe("a run for a fire time", () => {
  it("carries the value of a stream, and nothing where there is none", () => {
    expect(cameDue({}, tens(100, 100)).answer.claims).toStrictEqual([{ runKey: 7, fireAt: 100, requested: false }])
    expect(cameDue({}, { ...tens(100, 100), args: { n: 1 } }).answer.claims).toStrictEqual([
      { runKey: 7, fireAt: 100, requested: false, args: { n: 1 } }
    ])
    expect(cameDue({}, tens(100, 100)).memory.live).toStrictEqual([run(7, { fireAt: 100 })])
  })

  it("is counted, and ends what the job says of an earlier misfire", () => {
    const { memory } = cameDue({ runCount: 2, misfire: "late" }, tens(100, 100))
    expect(memory).toMatchObject({ runCount: 3, misfire: null, lastFireAt: 100 })
  })
})

describe("with coalesce latest or earliest, what is due while a run executes", () => {
  const live = [run(1)]

  it("overlaps it, unless it came due while nothing was claimed", () => {
    expect(waiting(cameDue({ live }, { ...tens(80, 100), missedThrough: 80 }))).toEqual(["missed 100"])
    const overlapped = cameDue({ live }, { ...tens(80, 100), missedThrough: 79 })
    expect(waiting(overlapped)).toEqual([])
    expect(entryTexts(overlapped.answer.entries)).toEqual(["maxInstances 80-90 (2)", "maxInstances 100-100 (1)"])
  })

  it("was missed where the first part of a long catch-up was", () => {
    const backlog = { late: null, due: range(50, 70, 3), second: 60 }
    expect(waiting(cameDue({ live, backlog }, { ...tens(80, 100), missedThrough: 50 }))).toEqual(["missed 100"])
    expect(waiting(cameDue({ live, backlog }, { ...tens(80, 100), missedThrough: 49 }))).toEqual([])
  })

  it("is joined to what was missed before only where it is known that nothing lies between", () => {
    const queue = [{ fireAt: 70, missed: true }]
    const standsFor = (memory: Partial<JobMemory>, event: Partial<Came>) => {
      const [fire] = cameDue({ live, cursor: 70, queue, ...memory }, { missedThrough: 100, ...event }).memory.queue
      return [fire?.coalesced, fire?.apart]
    }
    expect(standsFor({}, tens(80, 100))).toEqual([range(70, 90, 3), undefined])
    expect(standsFor({ cursor: 75 }, tens(80, 100))).toEqual([range(80, 90, 2), [range(70, 70, 1)]])
    expect(standsFor({}, { ...tens(90, 100), late: range(80, 80, 1) })).toEqual([range(90, 90, 1), [range(70, 70, 1)]])
    expect(standsFor({ backlog: { late: null, due: range(80, 80, 1), second: null } }, tens(90, 100))).toEqual([
      range(80, 90, 2),
      [range(70, 70, 1)]
    ])
  })

  it("overlaps none where each run only waits for an attempt that is due, and nothing waits already", () => {
    const between = run(1, { retryAt: 100 })
    const rules = { maxInstances: 2, overlap: "queue-one" } as const
    expect(waiting(cameDue({ live: [between, between] }, tens(100, 100), rules))).toEqual(["missed 100"])
    expect(waiting(cameDue({ live: [between, run(2)] }, tens(100, 100), rules))).toEqual(["100"])
    expect(waiting(cameDue({ live: [run(1, { retryAt: 101 })] }, tens(100, 100), { overlap: "queue-one" }))).toEqual([
      "100"
    ])
    expect(
      waiting(cameDue({ live: [between], queue: [{ fireAt: 90 }] }, tens(100, 100), { overlap: "queue-all" }))
    ).toEqual(["90", "100"])
  })

  it("is withdrawn where maxRuns was lowered to what has run, and so is the catch-up", () => {
    const { memory, answer } = cameDue({ runCount: 3 }, { ...tens(80, 100), late: range(60, 70, 2) }, { maxRuns: 3 })
    expect(entryTexts(answer.entries)).toEqual(["late 60-70 (2)", "withdrawn 80-100 (3)"])
    expect(memory).toMatchObject({ exhausted: true, nextFireAt: null })
  })
})

describe("with overlap queue-all", () => {
  it("as many wait as maxRuns still lets run, beside any requests", () => {
    const queue = [{ fireAt: 70, requested: true }, { fireAt: 80 }]
    const waits = (maxRuns: number) =>
      waiting(cameDue({ live: [run(1)], queue, runCount: 1 }, tens(100, 100), { overlap: "queue-all", maxRuns }))
    expect([waits(3), waits(2)]).toEqual([
      ["70", "80", "100"],
      ["70", "80"]
    ])
  })
})

describe("a catch-up of several wakes", () => {
  it("holds what is late and due until all is counted, and knows the second", () => {
    const { memory, answer } = cameDue({}, { ...tens(80, 100), late: range(60, 70, 2), more: true })
    expect(memory.backlog).toEqual({ late: range(60, 70, 2), due: range(80, 100, 3), second: 90 })
    expect([answer.entries, answer.claims]).toEqual([[], []])
  })

  it("finds the second in its next part where the first part has one only", () => {
    const backlog = { late: null, due: range(70, 70, 1), second: null }
    const { answer } = cameDue({ backlog }, tens(80, 100), { coalesce: "earliest" })
    expect(answer.claims).toMatchObject([{ fireAt: 70 }])
    expect(entryTexts(answer.entries)).toEqual(["coalesced 80-100 (3) into 7"])
  })

  it("has what it held become late where what comes after it is", () => {
    const backlog = { late: range(30, 40, 2), due: range(50, 60, 2), second: 60 }
    const { answer } = cameDue({ backlog }, { ...tens(80, 100), late: range(70, 70, 1) })
    expect(entryTexts(answer.entries)).toEqual(["late 30-70 (5)", "coalesced 80-90 (2) into 7"])
  })

  it("is finished with one that is due alone", () => {
    const backlog = { late: null, due: range(80, 90, 2), second: 90 }
    const { answer } = cameDue({ backlog }, tens(100, 100))
    expect(entryTexts(answer.entries)).toEqual(["coalesced 80-90 (2) into 7"])
  })
})

describe("with coalesce all, what is due", () => {
  const all = { coalesce: "all" } as const
  const caughtUp = (memory: Partial<JobMemory>, event: Partial<Came>, rules: Partial<JobRules> = {}) => {
    const decision = cameDue(memory, event, { ...all, ...rules })
    return [decision.memory.catchUpThrough, waiting(decision)]
  }

  it("was missed when it is several while an instance is free: it waits whatever the overlap policy", () => {
    expect(caughtUp({}, tens(80, 100))).toEqual([100, ["missed 90", "missed 100"]])
    expect(caughtUp({}, { ...tens(100, 100), more: true })).toEqual([100, []])
    expect(caughtUp({}, tens(100, 100))).toEqual([null, []])
    expect(caughtUp({ live: [run(1)] }, tens(90, 100), { maxInstances: 2 })).toEqual([100, ["missed 100"]])
  })

  it("was missed when every run only waits for its next attempt", () => {
    const [first, second] = [run(1, { retryAt: 300 }), run(2, { retryAt: 400 })]
    const two = { maxInstances: 2 }
    expect(caughtUp({ live: [first, second] }, tens(90, 100), two)).toEqual([100, ["missed 90", "missed 100"]])
    expect(caughtUp({ live: [first, run(2)] }, tens(90, 100), two)).toEqual([null, []])
  })

  it("was held up by the job's own runs where something waits or all instances are taken", () => {
    expect(caughtUp({ live: [run(1)] }, tens(90, 100))).toEqual([null, []])
    expect(caughtUp({ queue: [{ fireAt: 70 }] }, tens(90, 100), { overlap: "queue-all" })).toEqual([
      null,
      ["90", "100"]
    ])
  })

  it("was missed as far as nothing was claimed, though a run executes", () => {
    const live = [run(1)]
    const missedThrough = 90
    expect(caughtUp({ live }, { ...tens(80, 100), missedThrough })).toEqual([90, ["missed 80", "missed 90"]])
    expect(caughtUp({ live }, { ...tens(90, 90), missedThrough })).toEqual([90, ["missed 90"]])
    expect(caughtUp({ live }, { ...tens(100, 100), missedThrough })).toEqual([null, []])
    expect(caughtUp({ live, catchUpThrough: 100 }, tens(100, 100))).toEqual([100, ["missed 100"]])
    expect(caughtUp({ live, catchUpThrough: 99 }, tens(100, 100))).toEqual([99, []])
    expect(caughtUp({ live }, { late: range(80, 90, 2), missedThrough })).toEqual([null, []])
  })

  it("misfires late apart from what is made up", () => {
    const { memory, answer } = cameDue({}, { ...tens(80, 100), late: range(60, 70, 2) }, all)
    expect(entryTexts(answer.entries)).toEqual(["late 60-70 (2)"])
    expect(memory.queue).toHaveLength(2)
  })

  it("is left for later where a thousand wait, or as many as maxRuns lets run", () => {
    const queue = Array.from({ length: 999 }, (_, index) => ({ fireAt: index, missed: true }))
    const full = cameDue({ live: [run(1)], queue, catchUpThrough: 100 }, { ...tens(80, 100), exhausted: true }, all)
    expect(full.memory.queue).toHaveLength(1_000)
    expect(full.memory).toMatchObject({ cursor: 89, nextFireAt: 90, exhausted: false })
    const few = cameDue(
      { live: [run(1)], runCount: 1 },
      { ...tens(80, 100), missedThrough: 100 },
      { ...all, maxRuns: 2 }
    )
    expect(waiting(few)).toEqual(["missed 80"])
    expect(few.memory).toMatchObject({ cursor: 89, nextFireAt: 90 })
  })

  it("comes again where it found no run left, but for a stream's value, which misfires", () => {
    const over = cameDue({ runCount: 2 }, tens(80, 100), { ...all, maxRuns: 2 })
    expect(over.memory).toMatchObject({ cursor: 79, exhausted: true, nextFireAt: null })
    expect(over.answer.entries).toEqual([])
    const emitted = cameDue({ runCount: 2 }, { ...tens(100, 100), args: 5 }, { ...all, maxRuns: 2 })
    expect(emitted.memory).toMatchObject({ cursor: 100, exhausted: true })
    expect(entryTexts(emitted.answer.entries)).toEqual(["withdrawn 100-100 (1)"])
  })
})

describe("what waited for a free instance, with cancel-running", () => {
  const replacing = (event: Partial<Came>, rules: Partial<JobRules>) => {
    const { answer } = cameDue({ queue: [{ fireAt: 70 }] }, event, { ...rules, overlap: "cancel-running" })
    return [answer.claims.map(({ fireAt }) => fireAt), answer.cancels, entryTexts(answer.entries)]
  }

  it("gives way to the newest of several that are due, and none is begun only to be cancelled", () => {
    expect(replacing(tens(80, 90), { coalesce: "all" })).toEqual([
      [90],
      [],
      ["replaced 70-70 (1)", "replaced 80-80 (1)"]
    ])
  })

  it("gives way also where others were late before that", () => {
    const entries = ["late 60-60 (1)", "replaced 70-70 (1)"]
    for (const coalesce of ["all", "latest"] as const)
      expect(replacing({ ...tens(80, 80), late: range(60, 60, 1) }, { coalesce })).toEqual([[80], [], entries])
  })
})

describe("a request that waits while nothing is claimed", () => {
  const waitingRequest = { queue: [{ fireAt: 90, requested: true as const }] }

  it.each<readonly [string, Partial<Came>]>([
    ["is late", { late: range(60, 70, 2) }],
    ["is still counted", { due: range(60, 100, 5), more: true }],
    ["is none", {}]
  ])("starts under the key that is next when what comes due %s", (_, event) => {
    expect(cameDue(waitingRequest, event).answer.claims).toEqual([{ runKey: 7, requested: true, fireAt: 90 }])
  })

  it("is never claimed by an event that names no key", () => {
    const keyless = { type: "waitOver", now: 100 } as unknown as Parameters<typeof decided>[1]
    const scene = { ...waitingRequest, live: [run(3)] }
    expect(() => decided(contextOf(scene, { maxInstances: 2 }), keyless)).toThrow(/names no key/)
  })
})
