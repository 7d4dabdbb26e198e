import { describe, expect, it } from "vitest"
import { createActor } from "xstate"
import type { NeedsALook, SchedulerContext, SchedulerEvent } from "../../machines/index.ts"
import { schedulerMachine } from "../../machines/index.ts"
import { explore } from "./machineModel.ts"

describe("schedulerMachine", () => {
  it("takes every transition that it has, and no other", () => {
    const explored = explore<SchedulerContext, SchedulerEvent>({
      machine: schedulerMachine,
      events: () => everyEvent,
      facts: ({ paused, lost, reason, needsALook }) => [paused, lost, reason, needsALook],
      holds: (value, { paused, lost, reason }) => {
        if (value === "active") expect({ paused, lost, reason }).toEqual({ paused: false, lost: [], reason: null })
        if (value === "paused") expect({ paused, lost, reason }).toEqual({ paused: true, lost: [], reason: null })
        if (value === "degraded") expect([lost.length > 0, reason !== null]).toEqual([true, true])
        expect(new Set(lost).size).toBe(lost.length)
      }
    })
    const ending = { drain: ["draining"], failed: ["draining"] }
    const stores = (state: string) => ({ storeLost: [state], storeBack: [state] })
    const parts = [
      "executorCrashed",
      "executorBack",
      "streamFailed",
      "streamBack",
      "jobParked",
      "jobBack",
      "jobSettled"
    ]
    const reported = (state: string) => Object.fromEntries(parts.map((type) => [type, [state]]))
    expect(explored).toEqual({
      edges: {
        new: { start: ["starting"], drain: ["stopped"], ...reported("new") },
        starting: { opened: ["declaring"], ...stores("starting"), ...ending, ...reported("starting") },
        declaring: { started: ["active", "degraded"], ...stores("declaring"), ...ending, ...reported("declaring") },
        active: { pause: ["paused"], storeLost: ["degraded"], ...ending, ...reported("active") },
        paused: { resume: ["active"], storeLost: ["degraded"], ...ending, ...reported("paused") },
        degraded: {
          pause: ["degraded"],
          resume: ["degraded"],
          storeLost: ["degraded"],
          storeBack: ["active", "degraded", "paused"],
          ...ending,
          ...reported("degraded")
        },
        draining: { drained: ["stopped"], ...stores("draining"), failed: ["draining"], ...reported("draining") }
      },
      untaken: [],
      unguarding: [],
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

  it("keeps what its parts report until they report better", () => {
    const scheduler = startScheduler()
    const needs = (event: SchedulerEvent): NeedsALook => {
      scheduler.send(event)
      return scheduler.getSnapshot().context.needsALook
    }
    const a = { store: "main", jobId: "a" }
    const b = { store: "main", jobId: "b" }
    needs({ type: "executorCrashed", executor: "threads", reason: "exit 1" })
    needs({ type: "executorCrashed", executor: "processes", reason: "exit 1" })
    expect(needs({ type: "executorCrashed", executor: "threads", reason: "exit 2" }).executors).toEqual([
      "processes",
      "threads"
    ])
    expect(needs({ type: "executorBack", executor: "processes" }).executors).toEqual(["threads"])
    expect(needs({ type: "streamFailed", stream: "ticks", reason: "no line" }).streams).toEqual(["ticks"])
    expect(needs({ type: "streamBack", stream: "others" }).streams).toEqual(["ticks"])
    expect(needs({ type: "streamBack", stream: "ticks" }).streams).toEqual([])
    needs({ type: "jobParked", ...a, reason: "poison" })
    needs({ type: "jobParked", ...b, reason: "poison" })
    expect(needs({ type: "jobParked", ...a, reason: "poison" }).jobs).toEqual([b, a])
    expect(needs({ type: "jobBack", store: "archive", jobId: "a" }).jobs).toEqual([b, a])
    expect(needs({ type: "jobBack", ...b })).toEqual({ executors: ["threads"], streams: [], jobs: [a] })
  })

  it("keeps the newest hundred of each kind", () => {
    const scheduler = startScheduler()
    for (let index = 0; index < 250; index++) {
      scheduler.send({ type: "executorCrashed", executor: `e${index}`, reason: "exit 1" })
      scheduler.send({ type: "streamFailed", stream: `s${index}`, reason: "no line" })
      scheduler.send({ type: "jobParked", store: "main", jobId: `j${index}`, reason: "poison" })
    }
    const { executors, streams, jobs } = scheduler.getSnapshot().context.needsALook
    expect([executors.length, streams.length, jobs.length]).toEqual([100, 100, 100])
    expect([executors[0], streams[0], jobs[0]?.jobId]).toEqual(["e150", "s150", "j150"])
  })

  it("takes what a part reports as good only where it needs a look", () => {
    const scheduler = startScheduler()
    const better: ReadonlyArray<SchedulerEvent> = [
      { type: "executorBack", executor: "threads" },
      { type: "streamBack", stream: "ticks" },
      { type: "jobBack", store: "main", jobId: "a" }
    ]
    expect(better.map((event) => scheduler.getSnapshot().can(event))).toEqual([false, false, false])
    scheduler.send({ type: "executorCrashed", executor: "threads", reason: "exit 1" })
    scheduler.send({ type: "streamFailed", stream: "ticks", reason: "no line" })
    scheduler.send({ type: "jobParked", store: "main", jobId: "a", reason: "poison" })
    expect(better.map((event) => scheduler.getSnapshot().can(event))).toEqual([true, true, true])
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

const everyEvent: ReadonlyArray<SchedulerEvent> = [
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
  { type: "failed", reason: "in use" },
  { type: "executorCrashed", executor: "default", reason: "its worker has died" },
  { type: "executorBack", executor: "default" },
  { type: "streamFailed", stream: "ticks", reason: "no line" },
  { type: "streamBack", stream: "ticks" },
  { type: "jobParked", store: "main", jobId: "a", reason: "poison" },
  { type: "jobBack", store: "main", jobId: "a" },
  { type: "jobSettled", jobId: "a", runId: "1", outcome: "failed" }
]

const startScheduler = () => {
  const scheduler = createActor(schedulerMachine).start()
  for (const type of ["start", "opened", "started"] as const) scheduler.send({ type })
  return scheduler
}
