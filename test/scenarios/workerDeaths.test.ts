/** An executor whose workers die under its runs and says so: the run that kills them again and again is parked, and no other. */
import { describe, expect, it } from "vitest"
import { date, task } from "../../src/index.ts"
import type { ExecutorProvider, RunOrder, Settlement } from "../../src/index.ts"
import { midnight, minute, newWorld, second, shortRuns, storeKinds } from "./world.ts"

const died = { name: "WorkerDiedError", message: "its worker died of SIGSEGV" }

/** Each attempt ends as `ending` says, at once. */
const workers = (ending: (order: RunOrder) => Pick<Settlement, "outcome" | "crashed">): ExecutorProvider => ({
  kind: "workers",
  concurrency: 10,
  queue: 0,
  make: ({ listener, timers }) => ({
    free: () => 10,
    submit: (order) => {
      const at = timers.now()
      listener.started(order, at)
      const end = ending(order)
      const error = end.outcome === "failed" ? died : null
      listener.settled(order, { ...end, startedAt: at, finishedAt: at, result: null, error, retryable: true })
    },
    cancel: () => false,
    close: () => undefined,
    status: () => ({ running: 0, queued: 0, stuck: 0 })
  })
})

const newScene = (kind: (typeof storeKinds)[number], outcome: "failed" | "interrupted") => {
  const world = newWorld(kind)
  let mended = false
  const executor = workers(({ jobId }) =>
    jobId === "killer" && !mended ? { outcome, crashed: true } : { outcome: "succeeded" }
  )
  const start = () => world.start({ tasks: [task("work", () => null)], executors: { default: executor } })
  return { world, start, mend: () => (mended = true) }
}

const job = { task: "work", trigger: date(midnight + second), retry: { attempts: 9, backoff: "1 minute" } } as const

describe.each(storeKinds)("with the %s store", (kind) => {
  it.each(["failed", "interrupted"] as const)(
    "a run that kills its worker three times, %s, parks its job",
    async (outcome) => {
      const { world, start, mend } = newScene(kind, outcome)
      const scheduler = await start()
      await scheduler.addJob({ ...job, id: "beside" })
      await scheduler.addJob({ ...job, id: "killer", retry: { attempts: 9, backoff: "1 minute", factor: 1 } })
      await world.clock.advance(second)
      // Interrupted, it has its further attempts at once; failed, they wait, and what is counted is stored.
      if (outcome === "failed") await start()
      await world.clock.advance(5 * minute)
      const parked = await world.scheduler.getJobs({ fault: true })
      expect(parked.map(({ id }) => id)).toEqual(["killer"])
      expect(world.events.filter(({ type }) => type === "JobParked")).toMatchObject([
        { jobId: "killer", fault: { kind: "poison", message: expect.stringContaining("worker of a run died 3 times") } }
      ])
      expect(shortRuns(await world.scheduler.getRuns({ jobId: "killer" }))).toEqual([[second, outcome, 3]])
      expect(shortRuns(await world.scheduler.getRuns({ jobId: "beside" }))).toEqual([[second, "succeeded", 1]])
      expect((await world.scheduler.verify()).violations).toEqual([])
      mend()
      await world.scheduler.resumeJob("killer")
      const again = await world.scheduler.runJob("killer")
      await world.clock.advance(second)
      expect(await again.settled()).toMatchObject({ outcome: "succeeded" })
    }
  )
})

it("a worker that dies once is a failure like any other", async () => {
  const { world, start, mend } = newScene("memory", "failed")
  const scheduler = await start()
  await scheduler.addJob({ ...job, id: "killer" })
  await world.clock.advance(second)
  expect(world.events.find(({ type }) => type === "RunFailed")).toMatchObject({ error: died, final: false })
  mend()
  await world.clock.advance(minute)
  expect(shortRuns(await scheduler.getRuns())).toEqual([[second, "succeeded", 2]])
})
