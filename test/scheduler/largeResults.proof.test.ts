/** Large results and arguments: commits, answers and what waits in memory are bounded by bytes as well as by number. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { JobStore } from "../../src/index.ts"
import { createScheduler, date, memory, task } from "../../src/index.ts"
import type { StoreBatch } from "../../src/store/jobStore.ts"
import { sqlite } from "../../src/sqlite.ts"
import { virtualClock } from "../../src/testing.ts"
import { midnight, minute, temporaryFile } from "../scenarios/world.ts"

const large = 900_000
/** One of them, and a little. */
const mostInCommit = large + 100_000

interface Watched {
  readonly store: JobStore
  readonly commits: Array<number>
}

/** A store that notes what the texts of each commit take, and tells when one is made. */
const watched = (store: JobStore, committed: (batch: StoreBatch) => void = () => undefined): Watched => {
  const commits: Array<number> = []
  const open: JobStore["open"] = (owner) =>
    Effect.map(store.open(owner), (opened) => ({
      ...opened,
      commit: (sequence, batch) => {
        const texts = [
          ...batch.settled.map(({ result }) => result),
          ...batch.added.map(({ args }) => args),
          ...batch.claims.map(({ args }) => args)
        ]
        commits.push(texts.reduce((sum, text) => sum + (text?.length ?? 0), 0))
        return Effect.tap(opened.commit(sequence, batch), () => committed(batch))
      }
    }))
  return { store: { ...store, open }, commits }
}

describe.each(["memory", "sqlite"])("large results and arguments (%s)", (kind) => {
  const newStore = (): JobStore =>
    kind === "memory" ? memory() : sqlite({ filename: temporaryFile(), durability: "normal" })

  it.each(["at once", "later"])(
    "go into commits of some megabytes, and no more is started than is saved: %s",
    async (when) => {
      let unsaved = 0
      let mostUnsaved = 0
      const give = (): string => {
        unsaved += 1
        mostUnsaved = Math.max(mostUnsaved, unsaved)
        return "x".repeat(large)
      }
      const grow = task("grow", when === "at once" ? give : () => Promise.resolve().then(give))
      const { store, commits } = watched(newStore(), ({ settled }) => (unsaved -= settled.length))
      const clock = virtualClock(midnight)
      const scheduler = createScheduler({ clock, tasks: [grow], store })
      await scheduler.start()
      const count = 80
      await scheduler.addJobs(
        Array.from({ length: count }, (_, index) => ({
          id: `job-${index}`,
          task: "grow",
          trigger: date(midnight + minute)
        }))
      )
      await clock.advance(2 * minute)
      const runs = await scheduler.getRuns({ limit: count })
      expect(runs.filter(({ result }) => typeof result === "string" && result.length === large)).toHaveLength(count)
      expect(Math.max(...commits)).toBeLessThanOrEqual(mostInCommit)
      // Those that wait for something are under way together: what they give is theirs until they end.
      if (when === "at once") expect(mostUnsaved).toBeLessThanOrEqual(8)
      // Whose limit is left out is bounded by bytes, too.
      const some = await scheduler.getRuns()
      expect(some).toEqual(runs.slice(0, Math.ceil(64_000_000 / (large + 2))))
      await scheduler.shutdown()
    }
  )

  it("that come in one turn of the event loop are taken in many, in time, and none is lost by a stop", async () => {
    const clock = virtualClock(midnight)
    let release = (): void => undefined
    const together = new Promise<void>((resolve) => (release = resolve))
    const give = task("give", () => together.then(() => "x".repeat(large)))
    const { store } = watched(newStore())
    const scheduler = createScheduler({ clock, tasks: [give], store })
    await scheduler.start()
    const count = 40
    await scheduler.addJobs(
      Array.from({ length: count }, (_, index) => ({
        id: `job-${index}`,
        task: "give",
        timeout: "1 second",
        trigger: date(midnight + minute)
      }))
    )
    await clock.advance(minute)
    let turns = 0
    let turning = true
    const turn = (): void => {
      turns += 1
      if (turning) setImmediate(turn)
    }
    setImmediate(turn)
    const turnsOfEnds = new Set<number>()
    let ended = 0
    const enough = new Promise<void>((resolve) =>
      scheduler.on("RunSucceeded", () => {
        turnsOfEnds.add(turns)
        ended += 1
        if (ended === 10) resolve()
      })
    )
    release()
    await enough
    turning = false
    expect(turnsOfEnds.size).toBeGreaterThan(3)
    await scheduler.shutdown({ wait: false })
    expect(ended).toBe(count)
  })

  it("as arguments go into commits of some megabytes", async () => {
    const lengths: Array<number> = []
    const take = task("take", ({ args }: { args: string }) => void lengths.push(args.length))
    const { store, commits } = watched(newStore())
    const clock = virtualClock(midnight)
    const scheduler = createScheduler({ clock, tasks: [take], store })
    await scheduler.start()
    const args = "x".repeat(large)
    const jobs = await scheduler.addJobs(
      Array.from({ length: 30 }, (_, index) => ({
        id: `job-${index}`,
        task: "take",
        args,
        trigger: date(midnight + minute)
      }))
    )
    await clock.advance(2 * minute)
    expect(lengths).toEqual(jobs.map(() => large))
    expect((await scheduler.getJobs()).map(({ id }) => id)).toEqual(jobs.map(({ id }) => id))
    const runs = await Promise.all(jobs.map((job) => scheduler.runJob(job.id, { args }).catch(() => null)))
    expect(runs).toHaveLength(jobs.length)
    expect(Math.max(...commits)).toBeLessThanOrEqual(mostInCommit)
    await scheduler.shutdown()
  })
})
