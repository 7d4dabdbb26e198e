/** What a memory stands for, and when the engine must look at the job again. */
import { describe, expect, it } from "vitest"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { firesHeld, goesOn, jobStates, newMemory, stateOf, waitOverAt, wakeAtOf } from "../../src/job/snapshot.ts"
import { contextOf, run } from "./jobContext.ts"

const memoryOf = (memory: Partial<JobMemory>): JobMemory => contextOf({ nextFireAt: 50, ...memory }).memory
const fault = { kind: "poison", message: "it kills" } as const

describe("the state of a job", () => {
  it.each<[state: string, memory: Partial<JobMemory>]>([
    ["scheduled", {}],
    ["running", { live: [run(1)] }],
    ["running", { queue: [{ fireAt: 10 }], exhausted: true, misfire: "late" }],
    ["misfired", { misfire: "late" }],
    ["misfired", { misfire: "late", exhausted: true, backlog: { late: null, due: null, second: null } }],
    ["paused", { pausedAt: 0, live: [run(1)], exhausted: true }],
    ["done", { exhausted: true, misfire: "late" }],
    ["scheduled", { exhausted: true, backlog: { late: null, due: null, second: null } }]
  ])("is %s with %j", (state, memory) => {
    expect(stateOf(memoryOf(memory))).toBe(state)
    expect(jobStates).toContain(state)
  })

  it("is scheduled of a new one, done of one without fire times", () => {
    expect(newMemory(5, 10, false)).toMatchObject({ cursor: 5, since: 5, nextFireAt: 10, runCount: 0, crashes: 0 })
    expect([stateOf(newMemory(5, 10, false)), stateOf(newMemory(5, null, true))]).toEqual(["scheduled", "done"])
    expect(newMemory(5, null, false).removed).toBe(false)
  })
})

describe("due fire times", () => {
  it("come as they are due where no run holds them up", () => {
    expect(firesHeld(memoryOf({ live: [run(1)], queue: [{ fireAt: 10 }] }), false)).toBe(false)
    expect(firesHeld(memoryOf({}), true)).toBe(false)
  })

  it("do not come when none is left, nor of a fixed delay while a run is live", () => {
    expect(firesHeld(memoryOf({ exhausted: true }), false)).toBe(true)
    expect(firesHeld(memoryOf({ live: [run(1)] }), true)).toBe(true)
  })

  it("wait until what a catch-up has queued is drained, where they are part of that catch-up", () => {
    const held = (memory: Partial<JobMemory>) => firesHeld(memoryOf({ queue: [{ fireAt: 10 }], ...memory }), false)
    expect(held({ catchUpThrough: 50 })).toBe(true)
    expect(held({ catchUpThrough: 49 })).toBe(false)
    expect(held({ catchUpThrough: 50, queue: [] })).toBe(false)
    expect(held({ catchUpThrough: 0, nextFireAt: null })).toBe(true)
  })
})

describe("a job is woken", () => {
  const two = { maxInstances: 2 }
  const wakeAt = (memory: Partial<JobMemory>, fixedDelay = false) => wakeAtOf(memoryOf(memory), two, fixedDelay)

  it("for its next fire time or the end of a wait, whichever comes first", () => {
    expect(wakeAt({})).toBe(50)
    expect(wakeAt({ live: [run(1, { retryAt: 40 })] })).toBe(40)
    expect(wakeAt({ live: [run(1, { retryAt: 60 })] })).toBe(50)
    expect(wakeAt({ live: [run(1, { retryAt: 60 })], nextFireAt: null })).toBe(60)
    expect(wakeAt({ nextFireAt: null })).toBeNull()
  })

  it("in a pause for what was asked for only, and parked for nothing", () => {
    const live = [run(1, { retryAt: 40 }), run(2, { retryAt: 60, requested: true })]
    expect(wakeAt({ pausedAt: 30 })).toBeNull()
    expect(wakeAt({ pausedAt: 30, live })).toBe(60)
    expect(wakeAt({ pausedAt: 30, live, fault })).toBeNull()
  })

  it("not for a fire time that is held", () => {
    expect(wakeAt({ live: [run(1)] }, true)).toBeNull()
    expect(wakeAt({ live: [run(1)] }, false)).toBe(50)
  })
})

describe("a wait", () => {
  const two = { maxInstances: 2 }
  const over = (memory: Partial<JobMemory>) => waitOverAt(memoryOf(memory), two)

  it("is over with the first attempt that is due; one under way waits for nothing", () => {
    expect(over({ live: [run(1), run(2)] })).toBeNull()
    expect(over({ live: [run(1, { retryAt: 70 }), run(2, { retryAt: 60 })] })).toBe(60)
    expect(over({ live: [run(1, { retryAt: 60 }), run(2, { retryAt: 70 })] })).toBe(60)
  })

  it("of a fire time is over at its instant where an instance is free, else with a run", () => {
    expect(over({ queue: [{ fireAt: 60 }, { fireAt: 55 }, { fireAt: 57 }] })).toBe(55)
    expect(over({ live: [run(1, { retryAt: 58 })], queue: [{ fireAt: 55 }] })).toBe(55)
    expect(over({ live: [run(1), run(2)], queue: [{ fireAt: 55 }] })).toBeNull()
  })

  it("of a paused job is that of requests only", () => {
    const queue = [{ fireAt: 55 }, { fireAt: 60, requested: true }]
    const live = [run(1, { retryAt: 52 })]
    expect(over({ pausedAt: 40, live, queue })).toBe(60)
    expect(goesOn(memoryOf({ pausedAt: 40 }), {})).toBe(false)
    expect(goesOn(memoryOf({ pausedAt: 40 }), { requested: true })).toBe(true)
    expect(goesOn(memoryOf({}), {})).toBe(true)
  })
})
