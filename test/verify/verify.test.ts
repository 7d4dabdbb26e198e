/** `verify` finds damage that was planted in the store, and cries no wolf on a live one. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { interval, stream, task } from "../../src/index.ts"
import type { SchedulerOptions } from "../../src/index.ts"
import type { JobStateRow, StoreBatch } from "../../src/store/jobStore.ts"
import { Subject } from "rxjs"
import { tamper } from "../scenarios/tamper.ts"
import { hour, midnight, minute, newWorld, second, sleepOn, storeKinds } from "../scenarios/world.ts"
import type { World } from "../scenarios/world.ts"

/** Ten one-minute runs, stopped; then `damage`, and what `verify` says. */
const verified = async (
  damage: (row: JobStateRow, memory: Record<string, unknown>) => Partial<StoreBatch>,
  options: Pick<SchedulerOptions, "retention"> = {}
) => {
  const world = newWorld("memory")
  const quiet = task("quiet", () => null)
  await world.start({ tasks: [quiet], ...options })
  await world.scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute", { start: midnight + minute }) })
  await world.clock.advance(10 * minute)
  await world.scheduler.shutdown()
  await tamper(world.store, (open) =>
    Effect.map(open.reads.jobs({ ids: ["a"] }), ([row]) => {
      if (row === undefined) return {}
      const { key, value, wakeAt, fault, executor, memory } = row
      return damage({ key, value, wakeAt, fault, executor, memory }, JSON.parse(memory) as Record<string, unknown>)
    })
  )
  await world.start({ tasks: [quiet], paused: true, ...options })
  const { ok, violations } = await world.scheduler.verify()
  return [ok, violations.map(({ invariant, jobId }) => `${jobId}: ${invariant}`)]
}

const entry = { kind: "misfired", reason: "late", runKey: null, at: midnight + 10 * minute } as const

const skipsOne = (row: JobStateRow, memory: Record<string, unknown>) => ({
  states: [
    {
      ...row,
      wakeAt: midnight + 12 * minute,
      memory: JSON.stringify({ ...memory, cursor: midnight + 11 * minute, nextFireAt: midnight + 12 * minute })
    }
  ]
})

describe("verify", () => {
  it.each([
    ["nothing wrong", () => ({}), []],
    ["a snapshot that is no JSON", (row: JobStateRow) => ({ states: [{ ...row, memory: "{" }] }), ["a: readable"]],
    [
      "a wake-up that is late",
      (row: JobStateRow) => ({ states: [{ ...row, wakeAt: midnight + hour }] }),
      ["a: wakeUp"]
    ],
    ["a fire time that is skipped", skipsOne, ["a: accounting"]],
    [
      "a record of no fire time, of a job that is done",
      (row: JobStateRow, memory: Record<string, unknown>) => ({
        states: [
          {
            ...row,
            value: "done" as const,
            wakeAt: null,
            memory: JSON.stringify({ ...memory, nextFireAt: null, exhausted: true })
          }
        ],
        ledger: [
          { ...entry, jobKey: row.key, fromAt: midnight + 90 * second, throughAt: midnight + 90 * second, count: 1 }
        ]
      }),
      ["a: accounting"]
    ],
    [
      "a fire time that is accounted for twice",
      (row: JobStateRow) => ({
        ledger: [
          { ...entry, jobKey: row.key, fromAt: midnight + 5 * minute, throughAt: midnight + 5 * minute, count: 1 }
        ]
      }),
      ["a: doubleAccounting"]
    ],
    [
      "a record of no fire time",
      (row: JobStateRow) => ({
        ledger: [
          { ...entry, jobKey: row.key, fromAt: midnight + 90 * second, throughAt: midnight + 90 * second, count: 1 }
        ]
      }),
      ["a: accounting"]
    ],
    [
      "a range that counts too many",
      (row: JobStateRow) => ({
        ledger: [
          { ...entry, jobKey: row.key, fromAt: midnight + 2 * minute, throughAt: midnight + 3 * minute, count: 3 }
        ]
      }),
      ["a: accounting"]
    ],
    [
      "a live run without a record",
      (row: JobStateRow, memory: Record<string, unknown>) => ({
        states: [
          {
            ...row,
            value: "running" as const,
            memory: JSON.stringify({
              ...memory,
              live: [{ runKey: 99, fireAt: midnight + 10 * minute, attempt: 1, retryAt: null }]
            })
          }
        ]
      }),
      ["a: liveRuns"]
    ]
  ] as const)("%s", async (_what, damage, expected) => {
    expect(await verified(damage)).toEqual([expected.length === 0, expected])
  })

  it("finds nothing wrong while runs come and go", async () => {
    const world = newWorld("sqlite")
    const readings = new Subject<number>()
    const busy = task("busy", () => sleepOn(world.clock, 3))
    const scheduler = await world.start({ tasks: [busy], streams: { readings } })
    const own = { task: busy, maxInstances: 5 } as const
    await scheduler.addJob({ id: "timed", ...own, trigger: interval("1 second", { start: midnight }) })
    await scheduler.addJob({ id: "fed", ...own, trigger: stream("readings") })
    for (let turn = 0; turn < 20; turn++) {
      const asked = scheduler.verify()
      for (const value of [1, 2, 3]) readings.next(value)
      const requested = scheduler.runJob("timed")
      await world.clock.advance(second)
      await requested
      expect(await asked).toMatchObject({ ok: true, violations: [] })
    }
  })

  it("knows what retention has deleted", async () => {
    const world = newWorld("memory")
    const quiet = task("quiet", () => null)
    const scheduler = await world.start({
      tasks: [quiet],
      retention: { runCount: 10, runAge: "1 day", jobAge: "2 hours" }
    })
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute", { start: midnight }) })
    await scheduler.addJob({ id: "done", task: quiet })
    await world.clock.advance(hour)
    expect((await scheduler.getRuns()).length).toBeLessThanOrEqual(12)
    expect((await scheduler.getJob("done"))?.state).toBe("done")
    await world.clock.advance(90 * minute)
    expect((await scheduler.getJobs()).map(({ id, runCount }) => [id, runCount])).toEqual([["a", 151]])
    expect((await scheduler.verify()).violations).toEqual([])
  })
  const kept = { "1 hour": { runAge: "1 hour" }, "20 runs": { runCount: 20 } } as const
  const change = {
    pause: async ({ clock, scheduler }: World) => {
      await scheduler.pauseJob("a")
      await clock.advance(5 * minute)
      await scheduler.resumeJob("a")
    },
    reschedule: ({ scheduler }: World) => scheduler.rescheduleJob("a", interval("7 seconds"))
  } as const

  it.each(
    storeKinds.flatMap((store) =>
      (["1 hour", "20 runs"] as const).flatMap((left) =>
        (["pause", "reschedule"] as const).map((what) => [store, left, what] as const)
      )
    )
  )("in %s, with %s left of the runs, knows a %s since", async (store, left, what) => {
    const world = newWorld(store)
    const quiet = task("quiet", () => null)
    const scheduler = await world.start({ tasks: [quiet], retention: kept[left] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute", { start: midnight }) })
    await world.clock.advance(90 * minute)
    await change[what](world)
    await world.clock.advance(3 * minute)
    expect((await scheduler.getRuns()).length).toBeLessThan((await scheduler.getJob("a"))?.runCount ?? 0)
    const { violations, checked } = await scheduler.verify()
    expect(violations).toEqual([])
    // A pause hides nothing before it; of another trigger's fire times nothing can be said.
    expect(checked.fireTimes).toBe(what === "reschedule" ? 25 : left === "1 hour" ? 55 : 20)
  })

  it.each(storeKinds)("in %s, misses no run that was deleted while an older one was executing", async (store) => {
    const world = newWorld(store)
    let runs = 0
    const slowAtFirst = task("slowAtFirst", () => (runs++ === 0 ? sleepOn(world.clock, hour) : null))
    const scheduler = await world.start({ tasks: [slowAtFirst], retention: { runCount: 10 } })
    const trigger = interval("1 minute", { start: midnight + minute })
    await scheduler.addJob({ id: "a", task: slowAtFirst, trigger, maxInstances: 2 })
    for (const time of [30 * minute, hour]) {
      await world.clock.advance(time)
      expect((await scheduler.getRuns()).length).toBeLessThan(15)
      expect((await scheduler.verify()).violations).toEqual([])
    }
  })

  it("finds what is missing of what retention has left", async () => {
    expect(await verified(skipsOne, { retention: { runCount: 3 } })).toEqual([false, ["a: accounting"]])
  })
})
