/** What an attempt's end tells of the run: whether it is over, and when it goes on. */
import { expect, it } from "vitest"
import { cron, date, interval, task } from "../../src/index.ts"
import type { SchedulerEvent } from "../../src/index.ts"
import { midnight, minute, newWorld, second } from "./world.ts"

const failing = task("failing", () => {
  throw new Error("no")
})
const hanging = task("hanging", () => new Promise(() => undefined))
const good = task("good", () => 1)

const ends = (events: ReadonlyArray<SchedulerEvent>) =>
  events.flatMap((event) =>
    "final" in event
      ? [[event.type, event.attempt, event.final, event.retryAt === null ? null : event.retryAt - midnight] as const]
      : []
  )

it("outcome events say whether the run has ended, else when the next attempt is due", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [failing, hanging, good] })
  const retry = { attempts: 2, backoff: "5 seconds" } as const
  await scheduler.addJob({ id: "a", task: failing, retry })
  await world.clock.advance(minute)
  await scheduler.addJob({ id: "b", task: hanging, retry, timeout: "1 second" })
  await world.clock.advance(minute)
  await scheduler.addJob({ id: "c", task: good, retry })
  await world.clock.advance(second)
  const job = await scheduler.addJob({ id: "d", task: failing, retry, trigger: interval("1 day") })
  const run = await job.run()
  await world.clock.settle()
  await scheduler.cancelRun(run.runId)
  expect(ends(world.events)).toEqual([
    ["RunFailed", 1, false, 5 * second],
    ["RunFailed", 2, true, null],
    ["RunTimedOut", 1, false, minute + 6 * second],
    ["RunTimedOut", 2, true, null],
    ["RunSucceeded", 1, true, null],
    ["RunFailed", 1, false, 2 * minute + 6 * second],
    ["RunCancelled", 2, true, null]
  ])
})

it("an interrupted attempt is final unless the run goes on at the next start", async () => {
  const world = newWorld("memory")
  const first = await world.start({ tasks: [hanging] })
  await first.addJob({ id: "rerun", task: hanging })
  await first.addJob({ id: "skip", task: hanging, onInterrupted: "skip" })
  await world.clock.settle()
  const ended = first.shutdown({ wait: false })
  await world.clock.settle()
  await ended
  expect(ends(world.events)).toEqual([
    ["RunInterrupted", 1, false, 0],
    ["RunInterrupted", 1, true, null]
  ])
})

it("a backoff above an hour is waited in full, and a maxBackoff below it is refused", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [failing] })
  await scheduler.addJob({
    id: "a",
    task: failing,
    trigger: date(midnight),
    retry: { attempts: 3, backoff: "6 hours" }
  })
  await world.clock.advance("1 day")
  const hours = ends(world.events).map(([, , , retryAt]) => (retryAt === null ? null : retryAt / (60 * minute)))
  expect(hours).toEqual([6, 12, null])
  const retry = { attempts: 3, backoff: "10 minutes", maxBackoff: "1 minute" } as const
  const refused = { _tag: "InvalidJobError", field: "retry.maxBackoff", expected: "at least the backoff, 600000 ms" }
  await expect(scheduler.addJob({ task: failing, trigger: cron("* * * * *"), retry })).rejects.toMatchObject(refused)
})
