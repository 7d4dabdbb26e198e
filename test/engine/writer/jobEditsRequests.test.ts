/** Runs beside the schedule, runs that are ended, and values of streams. */
import { describe, expect, it } from "vitest"
import { cancelRun, emit, request, retry } from "../../../src/engine/writer/jobEdits.ts"
import type { UnitEnvironment } from "../../../src/engine/writer/unitEnvironment.ts"
import type { RunRow } from "../../../src/store/jobStore.ts"
import { interval } from "../../../src/trigger/interval.ts"
import { stream } from "../../../src/trigger/stream.ts"
import { definitionEnvironment } from "./definitions.ts"
import type { JobParts } from "./jobs.ts"
import { liveRun, makeJob, makeUnit, minute, missingTrigger, thrownBy } from "./jobs.ts"

const now = 10 * minute
const environment = definitionEnvironment({ now })
const done = { exhausted: true, nextFireAt: null } as const

const unitWith = (parts: JobParts = {}, given: Partial<UnitEnvironment> = {}) => {
  const unit = makeUnit({ now, ...given })
  const memory = { nextFireAt: now + minute, cursor: now, ...parts.memory }
  return { unit, job: unit.load(makeJob(1, { ...parts, memory })) }
}
const ended: RunRow = {
  ...{ runKey: 7, jobKey: 1, jobId: "job-1", fireAt: 3 * minute, request: 0, claimedAt: 3 * minute, epoch: 1 },
  ...{ attempt: 1, startedAt: 3 * minute, finishedAt: 4 * minute, outcome: "failed", result: null, error: null },
  args: null
}

describe("a run on request", () => {
  it("starts at once, beside the schedule", () => {
    const { unit, job } = unitWith()
    expect(request(unit, job, undefined, environment)).toEqual({ fireAt: now, ticket: 1 })
    expect(unit.batch().claims).toEqual([
      { runKey: 1000, jobKey: 1, fireAt: now, request: 1000, claimedAt: now, args: null }
    ])
    expect(unit.consequences.requestsClaimed).toEqual([{ jobKey: 1, ticket: 1, runKey: 1000 }])
    expect(unit.byKey(1)?.memory.nextFireAt).toBe(now + minute)
  })

  it("has arguments of its own where it was given any", () => {
    const { unit, job } = unitWith()
    request(unit, job, { to: "dev" }, environment)
    expect(unit.batch().claims).toMatchObject([{ args: `{"to":"dev"}` }])
  })

  it("waits while nothing may be claimed, with a ticket of its own", () => {
    const { unit, job } = unitWith({ rules: { maxInstances: 3 } }, { claiming: false })
    const tickets = [0, 1].map(() => request(unit, unit.byKey(1) ?? job, undefined, environment).ticket)
    expect(tickets).toEqual([1, 2])
    expect(unit.batch().claims).toEqual([])
    expect(unit.byKey(1)?.memory.queue).toMatchObject([
      { fireAt: now, requested: true, ticket: 1 },
      { fireAt: now, requested: true, ticket: 2 }
    ])
  })

  it("has no ticket that was given before in this commit, or that waits", () => {
    const { unit, job } = unitWith({
      rules: { maxInstances: 9 },
      memory: { pausedAt: 5, queue: [{ fireAt: 5 * minute }, { fireAt: 6 * minute, requested: true, ticket: 4 }] }
    })
    expect(request(unit, job, undefined, environment).ticket).toBe(5)
    const first = unitWith({ rules: { maxInstances: 9 }, memory: { pausedAt: 5, queue: [{ fireAt: 5 * minute }] } })
    expect(request(first.unit, first.job, undefined, environment).ticket).toBe(1)
    const claimed = unitWith({ rules: { maxInstances: 9 } })
    const tickets = [0, 1, 2].map(() =>
      request(claimed.unit, claimed.unit.byKey(1) ?? claimed.job, undefined, environment)
    )
    expect(tickets.map(({ ticket }) => ticket)).toEqual([1, 2, 3])
  })

  it("of a job that is done runs all the same, and its schedule stays over", () => {
    const { unit, job } = unitWith({ memory: done })
    expect(request(unit, job, { to: "dev" }, environment)).toEqual({ fireAt: now, ticket: 1 })
    expect(unit.byKey(1)).toMatchObject({ value: "running", memory: { exhausted: true, queue: [] } })
    expect(unit.batch().claims).toMatchObject([{ runKey: 1000, fireAt: now, args: `{"to":"dev"}` }])
    expect(unit.consequences.requestsClaimed).toMatchObject([{ ticket: 1 }])
  })

  it("of a job that is done waits while nothing may be claimed", () => {
    const { unit, job } = unitWith({ memory: done }, { claiming: false })
    request(unit, job, undefined, environment)
    expect(unit.batch().claims).toEqual([])
    expect(unit.byKey(1)).toMatchObject({ value: "running", memory: { queue: [{ requested: true, ticket: 1 }] } })
  })

  it("is refused where as many are live as may be, and none may wait", () => {
    const { unit, job } = unitWith({ memory: { live: [liveRun(7)] } })
    expect(thrownBy(() => request(unit, job, undefined, environment))).toMatchObject({
      ...{ _tag: "MaxInstancesError", jobId: "job-1", maxInstances: 1, overlap: "skip" }
    })
  })

  it("is refused for a job that is parked, with the fault and what to do", () => {
    const { unit, job } = unitWith({ memory: { pausedAt: 5, fault: { kind: "poison", message: "it kills" } } })
    const error = thrownBy(() => request(unit, job, undefined, environment))
    expect(error).toMatchObject({ _tag: "JobStateError", verb: "runJob", state: "paused" })
    expect(error).toHaveProperty("remedy", expect.stringContaining("poison"))
  })

  it.each<readonly [string, JobParts, object]>([
    ["task", { task: "gone" }, { _tag: "UnknownTaskError", job: "job-1" }],
    ["trigger", { trigger: missingTrigger }, { _tag: "JobStateError", verb: "runJob" }]
  ])("is refused where the job's %s is not registered", (_what, parts, error) => {
    const { unit, job } = unitWith(parts)
    expect(thrownBy(() => request(unit, job, undefined, environment))).toMatchObject(error)
  })

  it("that ends the run which a fixed delay counts from lets the delay begin anew", () => {
    const { unit, job } = unitWith({
      trigger: interval("1 minute", { start: 0, after: "run" }),
      rules: { overlap: "cancel-running" },
      memory: { live: [liveRun(7, { retryAt: 20 * minute })], lastFireAt: minute, nextFireAt: null }
    })
    request(unit, job, undefined, environment)
    expect(unit.byKey(1)?.memory.nextFireAt).toBe(11 * minute)
  })
})

describe("trying a run again", () => {
  it("asks for another run for its fire time, with its arguments", () => {
    const { unit, job } = unitWith()
    const asked = retry(unit, job, { ...ended, args: `{"to":"dev"}` }, environment)
    expect(asked).toEqual({ fireAt: 3 * minute, ticket: 1 })
    expect(unit.batch().claims).toMatchObject([{ fireAt: 3 * minute, request: -7, args: `{"to":"dev"}` }])
  })

  it("takes the job's arguments where it had none", () => {
    const { unit, job } = unitWith()
    retry(unit, job, ended, environment)
    expect(unit.batch().claims).toMatchObject([{ request: -7, args: null }])
  })

  it.each([
    ["runs", { live: [liveRun(1), liveRun(8, { retryOf: 7 })] }],
    ["waits", { queue: [{ fireAt: 3 * minute, retryOf: 7, requested: true }], pausedAt: 5 }]
  ])("gives nothing where one that does so %s already", (_what, memory) => {
    const { unit, job } = unitWith({ memory, rules: { maxInstances: 5 } })
    expect([retry(unit, job, ended, environment), unit.changes]).toEqual([null, 0])
  })

  it("is done while another run is tried again", () => {
    const { unit, job } = unitWith({ memory: { live: [liveRun(8, { retryOf: 6 })] }, rules: { maxInstances: 5 } })
    expect(retry(unit, job, ended, environment)?.fireAt).toBe(3 * minute)
  })

  it("is refused in its own name", () => {
    const { unit, job } = unitWith({ trigger: missingTrigger })
    expect(thrownBy(() => retry(unit, job, ended, environment))).toMatchObject({ verb: "retryRun" })
  })
})

describe("ending a run", () => {
  it("that executes is left to its executor, after what is ended already", () => {
    const { unit } = unitWith({ memory: { live: [liveRun(7), liveRun(8)] } })
    expect([8, 7].map((runKey) => cancelRun(unit, 1, runKey))).toEqual([true, true])
    expect(unit.consequences.cancels).toEqual([
      { jobKey: 1, runKey: 8 },
      { jobKey: 1, runKey: 7 }
    ])
    expect(unit.changes).toBe(0)
  })

  it("that waits for its next attempt is at once, and for good", () => {
    const retryRules = { attempts: 9, backoffMs: 1, factor: 1, maxBackoffMs: 1, jitter: 0, when: null }
    const { unit } = unitWith({
      memory: { live: [liveRun(7, { retryAt: 20 * minute })] },
      rules: { retry: retryRules }
    })
    expect(cancelRun(unit, 1, 7)).toBe(true)
    expect(unit.batch().settled).toMatchObject([{ runKey: 7, outcome: "cancelled", finishedAt: now }])
    expect([unit.consequences.cancels, unit.byKey(1)?.value]).toEqual([[], "scheduled"])
  })

  it("lets one start that waited for it, unless nothing may be claimed", () => {
    for (const claiming of [true, false]) {
      const live = [liveRun(7, { retryAt: 20 * minute })]
      const { unit } = unitWith({ memory: { live, queue: [{ fireAt: 9 * minute }] } }, { claiming })
      cancelRun(unit, 1, 7)
      expect(unit.batch().claims.length).toBe(claiming ? 1 : 0)
    }
  })

  it("of a fixed delay lets the next fire time count from now", () => {
    const trigger = interval("1 minute", { start: 0, after: "run" })
    const live = [liveRun(7, { retryAt: 20 * minute })]
    const { unit } = unitWith({ trigger, memory: { live, lastFireAt: minute, nextFireAt: null } })
    cancelRun(unit, 1, 7)
    expect(unit.byKey(1)?.memory.nextFireAt).toBe(11 * minute)
  })

  it("that is over already, or of a job that is gone, does nothing", () => {
    const { unit } = unitWith({ memory: { live: [liveRun(7)] } })
    expect([cancelRun(unit, 1, 8), cancelRun(unit, 2, 7)]).toEqual([false, false])
    expect(unit.consequences.cancels).toEqual([])
  })
})

describe("a value of a stream", () => {
  const ofStream: JobParts = { trigger: stream("orders"), memory: { nextFireAt: null } }

  it("is a fire time now, with the value in its run's arguments", () => {
    const { unit, job } = unitWith(ofStream)
    emit(unit, job, { value: 5 })
    expect(unit.batch().claims).toMatchObject([{ fireAt: now, args: `{"value":5}` }])
    expect(unit.byKey(1)).toMatchObject({ value: "running", memory: { exhausted: false, nextFireAt: null } })
  })

  it("waits with its arguments where the overlap policy lets it", () => {
    for (const coalesce of ["latest", "all"] as const) {
      const { unit, job } = unitWith({
        trigger: stream("orders"),
        rules: { overlap: "queue-all", coalesce },
        memory: { nextFireAt: null, live: [liveRun(7)] }
      })
      emit(unit, job, { value: 5 })
      expect(unit.byKey(1)?.memory).toMatchObject({ queue: [{ fireAt: now, args: { value: 5 } }], backlog: null })
    }
  })

  it("counts as one fire time where it meets a run", () => {
    const { unit, job } = unitWith({ trigger: stream("orders"), memory: { nextFireAt: null, live: [liveRun(7)] } })
    emit(unit, job, { value: 5 })
    expect(unit.batch().ledger).toMatchObject([{ fromAt: now, throughAt: now, count: 1, reason: "maxInstances" }])
  })
})
