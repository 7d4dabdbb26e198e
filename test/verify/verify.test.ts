/** `verify` finds damage that was planted in the store, and cries no wolf on a live one. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { interval, stream, task } from "../../src/index.ts"
import type { JobStateRow, StoreBatch } from "../../src/store/jobStore.ts"
import { Subject } from "rxjs"
import { tamper } from "../scenarios/tamper.ts"
import { hour, midnight, minute, newWorld, second, sleepOn } from "../scenarios/world.ts"

/** An hour of one-minute runs, stopped; then `damage`, and what `verify` says. */
const verified = async (damage: (row: JobStateRow, memory: Record<string, unknown>) => Partial<StoreBatch>) => {
  const world = newWorld("memory")
  const quiet = task("quiet", () => null)
  await world.start({ tasks: [quiet] })
  await world.scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute", { start: midnight + minute }) })
  await world.clock.advance(10 * minute)
  await world.scheduler.shutdown()
  await tamper(world.store, (open) =>
    Effect.map(open.jobsById(["a"]), ([row]) => {
      if (row === undefined) return {}
      const { key, value, wakeAt, fault, executor, memory } = row
      return damage({ key, value, wakeAt, fault, executor, memory }, JSON.parse(memory) as Record<string, unknown>)
    })
  )
  await world.start({ tasks: [quiet], paused: true })
  const { ok, violations } = await world.scheduler.verify()
  return [ok, violations.map(({ invariant, jobId }) => `${jobId}: ${invariant}`)]
}

const entry = { kind: "misfired", reason: "late", runKey: null, at: midnight + 10 * minute } as const

describe("verify", () => {
  it.each([
    ["nothing wrong", () => ({}), []],
    ["a snapshot that is no JSON", (row: JobStateRow) => ({ states: [{ ...row, memory: "{" }] }), ["a: readable"]],
    [
      "a wake-up that is late",
      (row: JobStateRow) => ({ states: [{ ...row, wakeAt: midnight + hour }] }),
      ["a: wakeUp"]
    ],
    [
      "a fire time that is skipped",
      (row: JobStateRow, memory: Record<string, unknown>) => ({
        states: [
          {
            ...row,
            wakeAt: midnight + 12 * minute,
            memory: JSON.stringify({ ...memory, cursor: midnight + 11 * minute, nextFireAt: midnight + 12 * minute })
          }
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
})
