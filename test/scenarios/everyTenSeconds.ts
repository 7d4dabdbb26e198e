/** The scene of many rules: one job that fires every ten seconds for a minute. */
import { interval, task } from "../../src/index.ts"
import type { JobOptions, SchedulerOptions } from "../../src/index.ts"
import { midnight, minute, newWorld, sleepOn } from "./world.ts"

/** One job of a task that takes `takesMs`, every ten seconds from midnight through one minute. */
export const everyTenSeconds = async (takesMs: number, options: JobOptions, more: SchedulerOptions = {}) => {
  const world = newWorld("memory")
  const log: Array<string> = []
  const work = task("work", async ({ fireAt, attempt, signal }) => {
    log.push(`${fireAt - midnight}/${attempt} starts at ${world.clock.now() - midnight}`)
    await Promise.race([
      sleepOn(world.clock, takesMs),
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)))
    ])
  })
  const scheduler = await world.start({ tasks: [work], ...more })
  const trigger = interval("10 seconds", { start: midnight, end: midnight + minute })
  await scheduler.addJob({ id: "a", task: work, trigger, ...options })
  return { ...world, scheduler, log }
}
