/** One-shot jobs of one instant with jitter: spread over it, each once, and one that has passed still runs. */
import { expect, it } from "vitest"
import { date, task } from "../../src/index.ts"
import { midnight, minute, newWorld, second } from "./world.ts"

it("spreads a hundred one-shot jobs of one instant over their jitter", async () => {
  const world = newWorld("memory")
  const ran: Array<number> = []
  const once = task("once", () => void ran.push(world.clock.now() - midnight - minute))
  const scheduler = await world.start({ tasks: [once] })
  await scheduler.addJobs(
    Array.from({ length: 100 }, (_, index) => ({
      id: `once-${index}`,
      task: once,
      trigger: date(midnight + minute),
      jitter: "10 minutes"
    }))
  )
  await world.clock.advance(12 * minute)
  expect(ran.length).toBe(100)
  expect(Math.min(...ran)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...ran)).toBeLessThanOrEqual(10 * minute)
  expect(new Set(ran).size).toBeGreaterThan(90)
  expect((await scheduler.verify()).violations).toEqual([])
  await scheduler.shutdown()
})

it("keeps them inside the job's end", async () => {
  const world = newWorld("memory")
  const once = task("once", () => null)
  const scheduler = await world.start({ tasks: [once] })
  const job = await scheduler.addJob({
    id: "once",
    task: once,
    trigger: date(midnight + minute),
    jitter: "10 minutes",
    end: midnight + minute + second
  })
  expect(job.nextFireAt).toBeGreaterThanOrEqual(midnight + minute)
  expect(job.nextFireAt).toBeLessThanOrEqual(midnight + minute + second)
  await scheduler.shutdown()
})

it("runs one whose instant has passed, as without jitter", async () => {
  const world = newWorld("memory")
  const once = task("once", () => null)
  const scheduler = await world.start({ tasks: [once] })
  const trigger = date(midnight - 60 * minute)
  await scheduler.addJobs([
    { id: "plain", task: once, trigger },
    { id: "jittered", task: once, trigger, jitter: "1 minute" }
  ])
  await world.clock.advance(minute)
  expect((await scheduler.getRuns()).map(({ outcome }) => outcome)).toEqual(["succeeded", "succeeded"])
  await scheduler.shutdown()
})
