import { describe, expect, it } from "vitest"
import { createActor } from "xstate"
import type { SchedulerContext, SchedulerEvent } from "../../machines/index.ts"
import { schedulerMachine } from "../../machines/index.ts"
import { explore } from "./machineModel.ts"

describe("schedulerMachine", () => {
  it("takes every transition that it has, and no other", async () => {
    const explored = await explore<SchedulerContext, SchedulerEvent>({
      machine: schedulerMachine,
      events: () => [
        { type: "start" },
        { type: "opened" },
        { type: "started" },
        { type: "pause" },
        { type: "resume" },
        { type: "storeLost", store: "main", reason: "disk full" },
        { type: "storeLost", store: "archive", reason: "busy" },
        { type: "storeBack", store: "main" },
        { type: "storeBack", store: "archive" },
        { type: "drain" },
        { type: "drained" },
        { type: "failed", reason: "in use" }
      ],
      // Changes nothing.
      further: [
        {
          value: "active",
          context: { paused: false, lost: [], reason: null },
          event: { type: "jobSettled", jobId: "a", runId: "1", outcome: "failed" }
        }
      ],
      facts: ({ paused, lost, reason }) => [paused, lost, reason],
      holds: (value, { paused, lost, reason }) => {
        if (value === "active") expect({ paused, lost, reason }).toEqual({ paused: false, lost: [], reason: null })
        if (value === "paused") expect({ paused, lost, reason }).toEqual({ paused: true, lost: [], reason: null })
        if (value === "degraded") expect([lost.length > 0, reason !== null]).toEqual([true, true])
        expect(new Set(lost).size).toBe(lost.length)
      }
    })
    const ending = { drain: ["draining"], failed: ["draining"] }
    const stores = (state: string) => ({ storeLost: [state], storeBack: [state] })
    expect(explored).toEqual({
      edges: {
        new: { start: ["starting"], drain: ["stopped"] },
        starting: { opened: ["declaring"], ...stores("starting"), ...ending },
        declaring: { started: ["active", "degraded"], ...stores("declaring"), ...ending },
        active: { pause: ["paused"], storeLost: ["degraded"], ...ending },
        paused: { resume: ["active"], storeLost: ["degraded"], ...ending },
        degraded: {
          pause: ["degraded"],
          resume: ["degraded"],
          storeLost: ["degraded"],
          storeBack: ["active", "degraded", "paused"],
          ...ending
        },
        draining: { drained: ["stopped"], ...stores("draining"), failed: ["draining"] }
      },
      untaken: [],
      unreached: []
    })
  })

  it("says what each state admits", () => {
    const taking = ["takes-commands", "answers"]
    expect(
      Object.fromEntries(Object.entries(schedulerMachine.states).map(([state, { tags }]) => [state, tags]))
    ).toEqual({
      new: ["not-started"],
      starting: ["not-started"],
      declaring: taking,
      active: ["at-work", ...taking, "claims"],
      paused: ["at-work", ...taking],
      degraded: ["at-work", ...taking, "claims", "needs-a-look"],
      draining: ["answers"],
      stopped: ["terminal"]
    })
  })

  it("starts once", () => {
    const scheduler = createActor(schedulerMachine).start()
    expect(scheduler.getSnapshot().can({ type: "start" })).toBe(true)
    for (const type of ["start", "opened", "started"] as const) {
      scheduler.send({ type })
      expect(scheduler.getSnapshot().can({ type: "start" })).toBe(false)
    }
  })

  it.each([
    { from: "active", events: [], to: "active" },
    { from: "paused", events: [], to: "paused" },
    { from: "active", events: ["pause"], to: "paused" },
    { from: "paused", events: ["resume"], to: "active" },
    { from: "active", events: ["pause", "resume"], to: "active" }
  ] as const)("returns from degraded to $to when it was $from and met $events", ({ from, events, to }) => {
    const scheduler = startScheduler()
    if (from === "paused") scheduler.send({ type: "pause" })
    scheduler.send({ type: "storeLost", store: "main", reason: "disk full" })
    for (const type of events) scheduler.send({ type })
    expect(scheduler.getSnapshot().value).toBe("degraded")
    scheduler.send({ type: "storeBack", store: "main" })
    expect(scheduler.getSnapshot()).toMatchObject({ value: to, context: { lost: [], reason: null } })
  })

  it("stays degraded until the last store is back, and says what the latest lost one said", () => {
    const scheduler = startScheduler()
    scheduler.send({ type: "storeLost", store: "main", reason: "disk full" })
    scheduler.send({ type: "storeLost", store: "archive", reason: "busy" })
    scheduler.send({ type: "storeLost", store: "main", reason: "still full" })
    scheduler.send({ type: "storeBack", store: "archive" })
    expect(scheduler.getSnapshot()).toMatchObject({
      value: "degraded",
      context: { lost: ["main"], reason: "still full" }
    })
  })

  it("knows each store that is away, whichever comes back first", () => {
    const scheduler = startScheduler()
    scheduler.send({ type: "storeLost", store: "main", reason: "disk full" })
    scheduler.send({ type: "storeLost", store: "archive", reason: "busy" })
    scheduler.send({ type: "storeBack", store: "archive" })
    expect(scheduler.getSnapshot()).toMatchObject({ value: "degraded", context: { lost: ["main"], reason: "busy" } })
    scheduler.send({ type: "storeBack", store: "main" })
    expect(scheduler.getSnapshot().value).toBe("active")
  })

  it("refuses a pause that changes nothing, also while degraded", () => {
    const scheduler = startScheduler()
    scheduler.send({ type: "pause" })
    expect(scheduler.getSnapshot().can({ type: "pause" })).toBe(false)
    scheduler.send({ type: "storeLost", store: "main", reason: "disk full" })
    expect(scheduler.getSnapshot().can({ type: "pause" })).toBe(false)
    expect(scheduler.getSnapshot().can({ type: "resume" })).toBe(true)
  })

  it("refuses a resume where nobody paused it, also while degraded", () => {
    const scheduler = startScheduler()
    expect(scheduler.getSnapshot().can({ type: "resume" })).toBe(false)
    scheduler.send({ type: "storeLost", store: "main", reason: "disk full" })
    expect(scheduler.getSnapshot().can({ type: "resume" })).toBe(false)
    expect(scheduler.getSnapshot().can({ type: "pause" })).toBe(true)
  })

  it("stops with the reason when it fails, also while it drains", () => {
    const scheduler = startScheduler()
    scheduler.send({ type: "drain" })
    scheduler.send({ type: "failed", reason: "taken over" })
    scheduler.send({ type: "drained" })
    expect(scheduler.getSnapshot()).toMatchObject({ value: "stopped", context: { reason: "taken over" } })
  })

  it("stops with the reason when it cannot start", () => {
    const scheduler = createActor(schedulerMachine).start()
    scheduler.send({ type: "start" })
    scheduler.send({ type: "failed", reason: "the file is in use" })
    expect(scheduler.getSnapshot().value).toBe("draining")
    scheduler.send({ type: "drained" })
    expect(scheduler.getSnapshot()).toMatchObject({
      value: "stopped",
      status: "done",
      context: { reason: "the file is in use" }
    })
  })
})

const startScheduler = () => {
  const scheduler = createActor(schedulerMachine).start()
  for (const type of ["start", "opened", "started"] as const) scheduler.send({ type })
  return scheduler
}
