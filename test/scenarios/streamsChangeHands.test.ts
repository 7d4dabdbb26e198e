/**
 * Random lives of jobs that change hands between two streams and a clock while values wait, their store fails and comes back. A value
 * says whose it is; each run must be of the trigger that its job had when it was claimed.
 */
import { Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { interval, StoreUnavailable, stream, task } from "../../src/index.ts"
import type { JobHandle, Scheduler } from "../../src/index.ts"
import { Random } from "../simulation/random.ts"
import { faultyStore } from "./faultyStore.ts"
import { newWorld, second, storeOf } from "./world.ts"

const seeds = Array.from({ length: 40 }, (_, index) => index + 1)
const ids = ["p", "q"]

const live = async (seed: number) => {
  const chance = new Random(seed)
  const faulty = faultyStore(storeOf("memory"))
  const world = newWorld("memory", faulty.store)
  const subjects = { a: new Subject<unknown>(), b: new Subject<unknown>() }
  const strange: Array<string> = []
  let given = 0
  const record = task<"record", unknown, { of: string; value?: { of: string } }>("record", async ({ args, jobId }) => {
    // Arguments and trigger are given together: a value of another trigger would not fit the job's own arguments.
    if ((args.value?.of ?? "clock") !== args.of) strange.push(`${jobId}: ${JSON.stringify(args)}`)
    await world.clock.wait(chance.int(0, 40))
  })
  const scheduler = await world.start({ tasks: [record], streams: subjects, commandTimeout: null })
  const unanswered = new Set<Promise<unknown>>()
  const ask = (asked: Promise<unknown>): void => {
    const answered = asked.catch(() => undefined).finally(() => unanswered.delete(answered))
    unanswered.add(answered)
  }
  const shapeOf = (of: string) => ({
    args: { of },
    trigger: of === "clock" ? interval(50) : stream(of),
    overlap: chance.pick(["skip", "queue-one", "queue-all", "cancel-running"] as const)
  })
  for (const id of ids) ask(scheduler.addJob({ id, task: record, ...shapeOf("a") } as never))
  await world.clock.settle()
  for (let step = 0; step < 150; step++) {
    const id = chance.pick(ids)
    switch (chance.int(0, 11)) {
      case 0:
        ask(scheduler.modifyJob(id, shapeOf(chance.pick(["a", "b", "clock"]))))
        break
      case 1:
        ask(
          scheduler.addJob({
            id,
            task: record,
            ...shapeOf(chance.pick(["a", "b", "clock"])),
            ifExists: "replace"
          } as never)
        )
        break
      case 2:
        ask(scheduler.removeJob(id))
        break
      case 3:
        if (chance.chance(0.5)) ask(scheduler.pauseJob(id))
        else ask(scheduler.resumeJob(id))
        break
      case 4:
        if (chance.chance(0.3)) scheduler.pause()
        else scheduler.resume()
        break
      case 5:
        faulty.fail(
          chance.pick(["before", "after"]),
          () => new StoreUnavailable({ store: "t", operation: "a call", cause: "x" })
        )
        break
      case 6:
        faulty.heal()
        break
      default:
        for (let n = chance.int(1, 5); n > 0; n--) {
          const of = chance.pick(["a", "b"] as const)
          subjects[of].next({ of, number: ++given })
        }
    }
    if (chance.chance(0.6)) await world.clock.advance(chance.pick([0, 1, 10, 200, second]))
  }
  faulty.heal()
  scheduler.resume()
  await world.clock.advance(120 * second)
  await Promise.all(unanswered)
  return { world, scheduler, strange }
}

/** Every job that fires by the clock fires on. */
const nextOf = async (scheduler: Scheduler): Promise<ReadonlyArray<JobHandle>> =>
  (await scheduler.getJobs()).filter(
    ({ record }) => record.trigger.type === "interval" && record.state !== "paused" && record.nextFireAt === null
  )

describe("jobs that change hands between streams and the clock", () => {
  it.each(seeds)("meet only their own values, and none is left without a next fire time (seed %i)", async (seed) => {
    const { scheduler, strange } = await live(seed)
    expect(await nextOf(scheduler)).toEqual([])
    expect((await scheduler.verify()).violations).toEqual([])
    const early = (await scheduler.getRuns({ limit: 100_000 })).filter(({ fireAt, claimedAt }) => fireAt > claimedAt)
    expect(early).toEqual([])
    expect(strange).toEqual([])
  })
})
