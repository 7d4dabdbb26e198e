/** A user's functions that are told something: of whatever shape they are, nothing of theirs ends the process or goes unheard. */
import { Effect } from "effect"
import { EMPTY, throwError } from "rxjs"
import { afterEach, describe, expect, it, vi } from "vitest"
import { defineTrigger, filter, holidayCalendar, inProcess, interval, task } from "../../src/index.ts"
import type { ExecutorProvider, SchedulerOptions } from "../../src/index.ts"
import { midnight, minute, newWorld, second } from "../scenarios/world.ts"

afterEach(() => vi.restoreAllMocks())

const effect4 = Object.create({ "~effect/Effect": {} }) as object
const thenable = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error("thenable")) }

/** What people write where a plain function is meant, and what is then told of it. */
const shapes: ReadonlyArray<[string, () => unknown, string]> = [
  ["throws", () => throwIt("thrown"), "thrown"],
  ["rejects", async () => throwIt("rejected"), "rejected"],
  ["rejects later", async () => Promise.resolve().then(() => throwIt("later")), "later"],
  ["gives a thenable that rejects", () => thenable, "thenable"],
  ["gives one whose then throws", () => ({ then: () => throwIt("then") }), "then"],
  [
    "gives an object whose getter throws",
    () => Object.defineProperty({}, "then", { get: () => throwIt("getter") }),
    "getter"
  ],
  ["is a generator", generator, "it gave a generator, which nothing runs"],
  ["is an async generator", asyncGenerator, "it gave an async generator, which nothing runs"],
  ["gives an Effect", () => Effect.sync(() => 1), "it gave an Effect, which nothing runs"],
  ["promises an Effect", async () => Effect.sync(() => 1), "it gave an Effect, which nothing runs"],
  [
    "gives an Effect of another version",
    () => effect4,
    "it gave an Effect of another version of effect, which nothing runs"
  ]
]

const failing = task("failing", () => throwIt("no"))
const quiet = task("quiet", () => "done")

const started = async (options: SchedulerOptions = {}) => {
  const world = newWorld("memory")
  const told: Array<string> = []
  const onError = (error: unknown, where: string): void => void told.push(`${where}: ${(error as Error).message}`)
  const scheduler = await world.start({ tasks: [failing, quiet], onError, ...options })
  return { world, told, scheduler }
}

describe.each(shapes)("one that %s", (_shape, behave, message) => {
  const loose = behave

  it("is reported as a listener, a subscriber, an inspector and an actor's subscriber", async () => {
    const { scheduler, told, world } = await started({ inspect: loose })
    told.length = 0
    scheduler.on("RunSucceeded", loose)
    scheduler.events$.subscribe(loose)
    scheduler.actor.subscribe(loose)
    scheduler.actor.subscribe({ next: loose })
    const job = await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute") })
    job.$.subscribe(loose)
    const actor = await job.actor()
    actor.subscribe(loose)
    await world.clock.advance(minute)
    scheduler.pause()
    scheduler.resume()
    await world.clock.settle()
    const where = new Set(told.map((line) => line.slice(0, line.indexOf(": "))))
    expect([...where].sort()).toEqual([
      "a listener of RunSucceeded",
      'a subscriber of actor "job:a"',
      'a subscriber of actor "scheduler"',
      "a subscriber of events$",
      'a subscriber of job$("a")',
      "the inspector"
    ])
    expect(told.every((line) => line.includes(message))).toBe(true)
    expect(await scheduler.getRuns()).toMatchObject([{ outcome: "succeeded" }])
  })

  it("goes to the console as onError", async () => {
    const warnings: Array<ReadonlyArray<unknown>> = []
    vi.spyOn(console, "warn").mockImplementation((...line: ReadonlyArray<unknown>) => void warnings.push(line))
    const { scheduler, world } = await started({ onError: loose })
    scheduler.on("JobAdded", () => throwIt("listener"))
    await scheduler.addJob({ task: quiet })
    await world.clock.settle()
    expect(warnings).toHaveLength(1)
    expect(String(warnings[0])).toContain("carillon: onError:")
    expect(String(warnings[0])).toContain(message)
  })

  it("fails printJobs as its print", async () => {
    const { scheduler } = await started()
    await expect(scheduler.printJobs(loose)).rejects.toThrow(message)
  })

  it("means no other attempt as retryWhen, and is reported", async () => {
    const late = { generator, asyncGenerator }
    if (Object.values(late).includes(behave as () => Generator<number> & AsyncGenerator<number>)) return
    const { scheduler, told, world } = await started({
      tasks: [task("a", () => throwIt("no"), { retryWhen: (() => behave()) as () => boolean })]
    })
    await scheduler.addJob({ id: "a", task: "a", retry: { attempts: 3 } })
    await world.clock.advance(minute)
    expect(await scheduler.getRuns()).toMatchObject([{ outcome: "failed", attempt: 1 }])
    expect(told.length).toBeGreaterThan(0)
    expect(told.every((line) => line.startsWith('retryWhen of task "a", job "a": '))).toBe(true)
    expect(told.some((line) => line.includes(message) || line.includes("expected true or false"))).toBe(true)
  })
})

it("a function that answers with methods, numbers or lists by the way is left alone", async () => {
  const { scheduler, told } = await started()
  const list: Array<unknown> = []
  scheduler.on("JobAdded", (event) => list.push(event))
  scheduler.on("JobAdded", () => list.values())
  scheduler.on("JobAdded", () => () => undefined)
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- people do
  scheduler.on("JobAdded", async () => list)
  await scheduler.addJob({ task: quiet })
  expect(told).toEqual([])
})

it("an executor whose submit is async and rejects has failed that run", async () => {
  const inner = inProcess()
  const asyncSubmit: ExecutorProvider = {
    ...inner,
    make: (context) => ({
      ...{
        free: () => 1,
        cancel: () => false,
        close: () => undefined,
        status: () => ({ running: 0, queued: 0, stuck: 0 })
      },
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- people do
      submit: async () => throwIt(`no machine for ${context.name}`)
    })
  }
  const { scheduler, told, world } = await started({ executors: { far: asyncSubmit } })
  await scheduler.addJob({ id: "a", task: quiet, executor: "far" })
  await world.clock.advance(second)
  expect(await scheduler.getRuns()).toMatchObject([{ outcome: "failed", error: { message: "no machine for far" } }])
  expect(told).toEqual(['executor "far" (submit): no machine for far'])
})

it("a trigger and a calendar whose answers are promises are refused, and their rejections harm nobody", async () => {
  const odd = defineTrigger({ type: "odd", next: (() => Promise.reject(new Error("late"))) as unknown as () => number })
  const calendar = holidayCalendar("odd", (() => Promise.reject(new Error("late"))) as unknown as () => boolean)
  const { scheduler, world } = await started({ triggers: [odd], calendars: [calendar] })
  await expect(scheduler.addJob({ task: quiet, trigger: odd(null) })).rejects.toMatchObject({ _tag: "InvalidJobError" })
  const holidays = filter(interval("1 day", { start: midnight }), { calendar })
  await expect(scheduler.addJob({ task: quiet, trigger: holidays })).rejects.toMatchObject({ _tag: "InvalidJobError" })
  await world.clock.settle()
})

it("streams that fail, end or throw on subscription are reported, and the others go on", async () => {
  const { scheduler, told, world } = await started({
    streams: { failing: throwError(() => new Error("no")), empty: EMPTY }
  })
  await scheduler.addJob({ id: "a", task: quiet })
  await world.clock.advance(second)
  expect(new Set(told)).toEqual(new Set(['stream "failing": no']))
  expect(await scheduler.getRuns()).toMatchObject([{ outcome: "succeeded" }])
})

it.each<[string, unknown]>([
  ["an async function", async () => true],
  ["a generator function", generator],
  ["an async generator function", asyncGenerator]
])("task() refuses %s as retryWhen", (found, retryWhen) => {
  const make = () => task("a", () => 1, { retryWhen: retryWhen as () => boolean })
  expect(make).toThrow(`task "a": retryWhen is ${found}, expected a function that answers at once`)
})

function throwIt(message: string): never {
  throw new Error(message)
}
function* generator(): Generator<number> {
  yield 1
}
async function* asyncGenerator(): AsyncGenerator<number> {
  yield 1
}
