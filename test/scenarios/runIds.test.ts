/** An id of a run names one run, whatever was deleted, restarted, copied or made anew. */
import { copyFileSync } from "node:fs"
import { expect, it } from "vitest"
import { createScheduler, interval, memory, task } from "../../src/index.ts"
import type { Scheduler } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { virtualClock } from "../../src/testing.ts"
import { hour, midnight, minute, newWorld, second, storeKinds, temporaryFile } from "./world.ts"

const quiet = task("quiet", () => null)

const hasNoDoubles = (ids: ReadonlyArray<string>): void => expect(new Set(ids).size).toBe(ids.length)

it.each(storeKinds)("retention and restarts of a %s store give none out again", async (kind) => {
  const world = newWorld(kind)
  const seen: Array<string> = []
  const pay = task("pay", ({ runId }) => void seen.push(runId))
  for (let life = 0; life < 6; life++) {
    await world.start({
      tasks: [pay.scheduled(interval("30 hours", { start: midnight }))],
      retention: { runAge: "7 hours" }
    })
    await world.clock.advance(15 * hour)
    await world.scheduler.cancelRun(seen[0] ?? "").catch(() => undefined)
  }
  expect(seen.length).toBe(4)
  hasNoDoubles(seen)
})

it("neither does a memory store of another process, nor a new file", async () => {
  const clock = virtualClock(midnight)
  const ids: Array<string> = []
  const jobIds: Array<string> = []
  for (const store of [
    memory,
    memory,
    () => sqlite({ filename: temporaryFile() }),
    () => sqlite({ filename: temporaryFile() })
  ]) {
    const scheduler = createScheduler({ tasks: [quiet], clock, store: store() })
    await scheduler.start()
    for (let n = 0; n < 20; n++) jobIds.push((await scheduler.addJob({ task: quiet })).id)
    await clock.settle()
    ids.push(...(await scheduler.getRuns()).map(({ runId }) => runId))
    await scheduler.shutdown()
    await clock.advance(second)
  }
  expect(ids.length).toBe(80)
  hasNoDoubles(ids)
  hasNoDoubles(jobIds)
})

it("neither does a file that is brought back from a copy", async () => {
  const clock = virtualClock(midnight)
  const [filename, copy] = [temporaryFile(), temporaryFile("copy.db")]
  const ids: Array<string> = []
  const live = async (from: string, work: (scheduler: Scheduler) => Promise<void>) => {
    const scheduler = createScheduler({ tasks: [quiet], clock, store: sqlite({ filename: from }) })
    scheduler.on("RunClaimed", ({ runId }) => ids.push(runId))
    await scheduler.start()
    await work(scheduler)
    await scheduler.shutdown()
  }
  await live(filename, async (scheduler) => {
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute", { start: midnight }) })
    await clock.advance(10 * minute)
  })
  copyFileSync(filename, copy)
  await live(filename, () => clock.advance(hour))
  const given = ids.length
  await live(copy, async (scheduler) => {
    // Remembered from what came after the copy: it is nobody's here.
    await expect(scheduler.cancelRun(ids[given - 1] ?? "")).rejects.toMatchObject({
      _tag: "UnknownNameError",
      kind: "run"
    })
    await clock.advance(hour)
  })
  expect(ids.length).toBeGreaterThan(given)
  hasNoDoubles(ids)
})

it("a clock that shows a year beyond the count by time, or one before 1970, counts on all the same", async () => {
  for (const start of [Date.UTC(2400, 0, 1), Date.UTC(1960, 0, 1)]) {
    const clock = virtualClock(start)
    const scheduler = createScheduler({ tasks: [quiet], clock })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: quiet })
    await scheduler.addJob({ id: "b", task: quiet })
    await clock.settle()
    expect((await scheduler.getRuns()).map(({ runId }) => runId).toSorted()).toEqual(["1", "2"])
    await scheduler.shutdown()
  }
})

it("only an id as it was given out names a run", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [quiet] })
  await scheduler.addJob({ id: "a", task: quiet })
  await world.clock.settle()
  const [run] = await scheduler.getRuns()
  const runId = run?.runId ?? ""
  for (const other of [` ${runId}`, `0${runId}`, `${runId}.0`, Number(runId).toExponential(), `+${runId}`, `-${runId}`])
    expect(await scheduler.getRuns({ runId: other })).toEqual([])
  expect((await scheduler.getRuns({ runId })).length).toBe(1)
})
