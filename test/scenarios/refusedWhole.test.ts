/** A command that fails half way, because a trigger of the user throws when it is asked again, leaves nothing behind. */
import { describe, expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import type { Trigger } from "../../src/index.ts"
import { hour, midnight, minute, newWorld, sleepOn } from "./world.ts"

/** Every minute from midnight, as long as it has answers left. */
const newScene = async () => {
  const mood = { answersLeft: Infinity }
  const moody: Trigger = {
    type: "moody",
    next: (after) => {
      if (mood.answersLeft-- <= 0) throw new Error("not today")
      return Math.max(midnight, (Math.floor(after / minute) + 1) * minute)
    },
    toJSON: () => ({ type: "moody" })
  }
  const world = newWorld("memory")
  const slow = task("slow", () => sleepOn(world.clock, hour))
  const scheduler = await world.start({ tasks: [slow], triggers: [{ type: "moody", fromJSON: () => moody }] })
  return { ...world, scheduler, mood, moody }
}

describe("a command refused half way", () => {
  it("modifyJob, to let a job go on whose last run is under way, changes nothing of it", async () => {
    const { scheduler, clock, mood, moody } = await newScene()
    await scheduler.addJob({ id: "a", task: "slow", trigger: moody, maxRuns: 1 })
    await clock.advance(minute)
    const found = async () => {
      const job = await scheduler.getJob("a")
      return [job?.state, job?.nextFireAt, job?.record.rules.maxRuns, job?.tags]
    }
    expect(await found()).toEqual(["running", null, 1, []])
    mood.answersLeft = 0
    const refused = expect(scheduler.modifyJob("a", { maxRuns: 5, tags: ["changed"] })).rejects
    await refused.toMatchObject({ _tag: "FaultyTriggerError" })
    // Another command writes the job, if there is anything to write.
    mood.answersLeft = Infinity
    await scheduler.pauseJob("a")
    await scheduler.resumeJob("a")
    expect(await found()).toEqual(["running", null, 1, []])
  })

  it("addJobs adds none when a later one cannot take its place, and the commands beside it stand", async () => {
    const { scheduler, mood, moody } = await newScene()
    await scheduler.addJob({ id: "old", task: "slow", trigger: interval("1 hour") })
    const commands = (answersLeft: number) => {
      mood.answersLeft = answersLeft
      return Promise.allSettled([
        scheduler.addJob({ id: "before", task: "slow", ifExists: "keep" }),
        scheduler.addJobs([
          { id: "new", task: "slow", trigger: interval("1 hour") },
          { id: "old", task: "slow", trigger: moody, ifExists: "replace" }
        ]),
        scheduler.addJob({ id: "after", task: "slow", ifExists: "keep" })
      ])
    }
    // One answer when the job is defined; the next when it replaces the old one.
    const [before, several, after] = await commands(1)
    expect([before.status, after.status]).toEqual(["fulfilled", "fulfilled"])
    expect(several).toMatchObject({ reason: { _tag: "FaultyTriggerError" } })
    expect((await scheduler.getJobs()).map(({ id }) => id).sort()).toEqual(["after", "before", "old"])
    expect((await commands(2))[1].status).toBe("fulfilled")
  })
})
