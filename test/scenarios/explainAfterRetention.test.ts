/** What `explain` says of a done job's fire times once retention has deleted what was recorded of them: nothing untrue. */
import { describe, expect, it } from "vitest"
import { cron, date, interval, limit, or, task } from "../../src/index.ts"
import type { JobOptions, Trigger } from "../../src/index.ts"
import { day, hour, midnight, minute, newWorld, storeKinds } from "./world.ts"

const quiet = task("quiet", () => null)

/** Each runs at the hours given, and then is done. */
const shapes: ReadonlyArray<readonly [string, () => Trigger, JobOptions, ReadonlyArray<number>]> = [
  ["one date", () => date(midnight + hour), {}, [1]],
  ["dates", () => or([date(midnight + hour), date(midnight + 2 * hour)]), {}, [1, 2]],
  ["a year", () => cron({ year: 2026, month: 1, day: 1, hour: 1 }), {}, [1]],
  ["a limit", () => limit(interval("1 hour", { start: midnight + hour }), 3), {}, [1, 2, 3]],
  ["maxRuns", () => interval("1 hour", { start: midnight + hour }), { maxRuns: 3 }, [1, 2, 3]],
  ["an end", () => interval("1 hour", { start: midnight + hour, end: midnight + 3 * hour }), {}, [1, 2, 3]]
]

/** What may not be said of an instant that the job, or one before it, may have run for. */
const denied = /done before|had its last fire time/

describe.each(storeKinds)("in the %s store, a job done by", (kind) => {
  const done = async (trigger: () => Trigger, options: JobOptions, jobAge: "3 days" | "1000 days") => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [quiet], retention: { runAge: "2 days", jobAge } })
    const add = () => scheduler.addJob({ id: "j", task: quiet, trigger: trigger(), ...options, ifExists: "keep" })
    const said = async (at: number) => {
      const { verdict, sentence, runId } = await scheduler.explain("j", midnight + at)
      return { verdict, sentence, runId }
    }
    await world.clock.advance(minute)
    await add()
    await world.clock.advance(day)
    expect(await scheduler.getJob("j")).toMatchObject({ state: "done" })
    return { world, scheduler, add, said }
  }

  it.each(shapes)("%s is not said to have been done before the instants that it ran for", async (...shape) => {
    const [, trigger, options, ranAt] = shape
    const { world, scheduler, said } = await done(trigger, options, "1000 days")
    for (const at of ranAt) expect(await said(at * hour)).toMatchObject({ verdict: "ran" })
    await world.clock.advance(5 * day)
    expect(await scheduler.getRuns()).toEqual([])
    const last = Math.max(...ranAt)
    for (const at of ranAt) {
      const { verdict, sentence, runId } = await said(at * hour)
      expect([at, verdict, runId]).toEqual([at, at === last ? "ran" : "unknown", null])
      expect(sentence).toMatch(at === last ? /run was made .* no longer kept/ : /older than the retention time\.$/)
      for (const near of [-1, 1]) expect((await said(at * hour + near)).verdict).toBe("notFireTime")
    }
    expect(await said(0)).toMatchObject({
      verdict: "before",
      sentence: expect.stringContaining("was added at") as string
    })
    const after = await said((last + 1) * hour)
    expect(after.verdict).toBe(options.maxRuns === undefined ? "notFireTime" : "before")
    if (options.maxRuns !== undefined)
      expect(after.sentence).toBe("The job was done before that instant, after 3 runs.")
  })

  // What is counted from the adding on, as a limit and maxRuns are, runs again.
  it.each(shapes.filter(([name]) => name !== "a limit" && name !== "maxRuns"))(
    "%s and added again after it was deleted was there at none of them, and may have run",
    async (...shape) => {
      const [, trigger, options, ranAt] = shape
      const { world, scheduler, add, said } = await done(trigger, options, "3 days")
      await world.clock.advance(9 * day)
      expect(await scheduler.getJobs()).toEqual([])
      expect(await add()).toMatchObject({ state: "done", runCount: 0 })
      // With the ledger entry that says it is forgotten, and without.
      for (const wait of [minute, 2.5 * day]) {
        await world.clock.advance(wait)
        for (const at of ranAt) {
          const { verdict, sentence } = await said(at * hour)
          expect(["unknown", "misfired"]).toContain(verdict)
          expect(sentence).toContain("may have run in an earlier life of the job")
          expect(sentence).not.toMatch(denied)
        }
      }
      expect(await scheduler.getLedger()).toEqual([])
    }
  )

  it.each(shapes.slice(1, 3))("%s that had passed when it was first added was added after them", async (...shape) => {
    const [, trigger, options, ranAt] = shape
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [quiet] })
    await world.clock.advance(day)
    await scheduler.addJob({ id: "j", task: quiet, trigger: trigger(), ...options, ifExists: "keep" })
    for (const at of ranAt)
      expect(await scheduler.explain("j", midnight + at * hour)).toMatchObject({
        verdict: "before",
        sentence: "The job was added at 2026-01-02T00:00:00.000Z, after that instant."
      })
  })
})
