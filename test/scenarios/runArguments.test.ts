/** A run's arguments are those it was claimed with, for all its attempts, whatever becomes of its job meanwhile. */
import { expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import type { Scheduler } from "../../src/index.ts"
import { midnight, minute, newWorld, storeKinds } from "./world.ts"

const retry = { attempts: 3, backoff: "1 minute", factor: 1 } as const
const trigger = interval("1 hour", { start: midnight })

const world = (kind: (typeof storeKinds)[number]) => {
  const seen: Array<string> = []
  const failing = (name: string) =>
    task(name, ({ args, attempt }) => {
      seen.push(`${name} ${JSON.stringify(args)} ${attempt}`)
      throw new Error("again")
    })
  const { clock, start } = newWorld(kind)
  return { seen, tasks: [failing("a"), failing("b")], clock, start }
}

const changes: ReadonlyArray<[string, (scheduler: Scheduler) => Promise<unknown>]> = [
  ["modifyJob", (scheduler) => scheduler.modifyJob("j", { args: { v: 2 } })],
  [
    "addJob",
    (scheduler) => scheduler.addJob({ id: "j", task: "a", args: { v: 2 }, trigger, retry, ifExists: "replace" })
  ],
  [
    "modifyJob, twice",
    async (scheduler) => {
      await scheduler.modifyJob("j", { args: null })
      await scheduler.modifyJob("j", { args: { v: 2 } })
    }
  ]
]

it.each(storeKinds.flatMap((kind) => changes.map(([verb, change]) => [kind, verb, change] as const)))(
  "%s store, %s between two attempts: the next has the first one's, the next run the new ones, also after a restart",
  async (kind, _verb, change) => {
    const { seen, tasks, clock, start } = world(kind)
    const first = await start({ tasks })
    await first.addJob({ id: "j", task: "a", args: { v: 1 }, trigger, retry })
    await clock.settle()
    await change(first)
    await clock.advance(minute)
    const second = await start({ tasks })
    await clock.advance(minute)
    await clock.advance(58 * minute)
    expect(seen).toEqual(['a {"v":1} 1', 'a {"v":1} 2', 'a {"v":1} 3', 'a {"v":2} 1'])
    expect((await second.verify()).violations).toEqual([])
  }
)

it("a run on request keeps its own, and one that asked for none keeps the job's", async () => {
  const { seen, tasks, clock, start } = world("memory")
  const scheduler = await start({ tasks })
  const job = await scheduler.addJob({
    id: "j",
    task: "a",
    args: { v: 1 },
    trigger: interval("1 day"),
    retry,
    maxInstances: 2
  })
  await job.run()
  await job.run({ args: { own: true } })
  await clock.settle()
  await scheduler.modifyJob("j", { args: null })
  await clock.advance(minute)
  expect(seen).toEqual(['a {"v":1} 1', 'a {"own":true} 1', 'a {"v":1} 2', 'a {"own":true} 2'])
})

it("another task takes over whole, with its arguments", async () => {
  const { seen, tasks, clock, start } = world("memory")
  const scheduler = await start({ tasks })
  await scheduler.addJob({ id: "j", task: "a", args: { v: 1 }, trigger, retry })
  await clock.settle()
  await scheduler.modifyJob("j", { task: "b", args: { w: 1 } })
  await clock.advance(minute)
  expect(seen).toEqual(['a {"v":1} 1', 'b {"w":1} 2'])
})

it("a live actor shows what is stored", async () => {
  const { tasks, clock, start } = world("memory")
  const scheduler = await start({ tasks })
  const job = await scheduler.addJob({ id: "j", task: "a", args: { v: 1 }, trigger, retry })
  const actor = await job.actor()
  await clock.settle()
  await scheduler.modifyJob("j", { args: { v: 2 } })
  expect(actor.getSnapshot().context.memory.live).toMatchObject([{ attempt: 2, args: { v: 1 } }])
})
