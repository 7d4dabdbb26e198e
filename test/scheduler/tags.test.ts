/** Tags of jobs and lists in questions are bounded, so that looking at a job or asking for some takes no longer than it should. */
import { describe, expect, it } from "vitest"
import { createScheduler, interval, task } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { midnight, type StoreKind, storeKinds, storeOf } from "../scenarios/world.ts"

const quiet = task("quiet", () => null)
const trigger = interval("1 hour")
const tagsOf = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `t${index}`)

const started = async (kind: StoreKind = "memory") => {
  const scheduler = createScheduler({ tasks: [quiet], clock: virtualClock(midnight), store: storeOf(kind) })
  await scheduler.start()
  return scheduler
}

describe("a job has at most 1,000 tags", () => {
  const refused = { _tag: "InvalidJobError", jobId: "j", field: "tags", found: "a list of 1001" }

  it.each([
    ["addJob", (scheduler, tags) => scheduler.addJob({ id: "j", task: quiet, trigger, tags })],
    ["addJobs", (scheduler, tags) => scheduler.addJobs([{ id: "j", task: quiet, trigger, tags }])],
    [
      "modifyJob",
      async (scheduler, tags) => {
        await scheduler.addJob({ id: "j", task: quiet, trigger })
        await scheduler.modifyJob("j", { tags })
      }
    ]
  ] satisfies ReadonlyArray<
    [string, (scheduler: Awaited<ReturnType<typeof started>>, tags: ReadonlyArray<string>) => Promise<unknown>]
  >)("%s", async (_verb, give) => {
    const scheduler = await started()
    await give(scheduler, tagsOf(1000))
    expect((await scheduler.getJobs({ tag: "t999" })).map(({ id }) => id)).toEqual(["j"])
    await scheduler.removeJob("j")
    await expect(give(scheduler, tagsOf(1001))).rejects.toMatchObject(refused)
    await scheduler.shutdown()
  })
})

it.each(storeKinds)("a list in a question may name the same again and again: %s", async (kind) => {
  const scheduler = await started(kind)
  await scheduler.addJob({ id: "j", task: quiet, trigger })
  const jobs = await scheduler.getJobs({ state: Array.from({ length: 100_000 }, () => "scheduled" as const) })
  expect(jobs.map(({ id }) => id)).toEqual(["j"])
  await scheduler.shutdown()
})
