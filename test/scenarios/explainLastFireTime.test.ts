/** What `explain` says of fire times after a job's last one, whatever has been paused since. */
import { describe, expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import { midnight, minute, newWorld, second, storeKinds } from "./world.ts"

describe.each(storeKinds)("a job in the %s store that has had its last fire time", (kind) => {
  it("is said to have had it, before, in and after a pause", async () => {
    const world = newWorld(kind)
    const slow = task("slow", () => world.clock.wait("10 minutes"))
    await world.start({ tasks: [slow] })
    const trigger = interval("1 minute", { start: midnight + minute })
    await world.scheduler.addJob({ id: "j", task: slow, trigger, maxRuns: 1 })
    const said = async (...minutes: ReadonlyArray<number>): Promise<ReadonlyArray<string>> =>
      Promise.all(
        minutes.map(async (at) => {
          const { verdict, sentence } = await world.scheduler.explain("j", midnight + at * minute)
          return `${verdict}: ${sentence}`
        })
      )
    const over = "before: The job has had its last fire time, and fires no more after 1 runs."
    await world.clock.advance(150 * second)
    expect(await said(2, 3)).toEqual([over, over])
    await world.scheduler.pauseJob("j")
    expect(await said(2, 3)).toEqual([over, over])
    await world.clock.advance(minute)
    expect(await said(2, 3, 9)).toEqual([over, over, over])
    await world.scheduler.resumeJob("j", { missed: "coalesce" })
    expect(await said(2, 3, 9)).toEqual([over, over, over])
    await world.clock.advance(20 * minute)
    const done = "before: The job was done before that instant, after 1 runs."
    expect(await said(2, 3, 9)).toEqual([done, done, done])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })
})
