/** Tasks that misbehave in every way: the run says what happened, the scheduler goes on. */
import { describe, expect, it } from "vitest"
import { date, task } from "../../src/index.ts"
import type { JobOptions } from "../../src/index.ts"
import { gate, hour, midnight, minute, newWorld, second } from "./world.ts"

const hostile = {
  get message(): string {
    throw new Error("in the getter")
  }
}

const ways: ReadonlyArray<readonly [string, () => unknown, object]> = [
  [
    "throws synchronously",
    () => {
      throw new TypeError("at once")
    },
    { outcome: "failed", error: { name: "TypeError", message: "at once" } }
  ],
  [
    "rejects",
    () => Promise.reject(new RangeError("later")),
    { outcome: "failed", error: { name: "RangeError", message: "later" } }
  ],
  [
    "throws null",
    () => {
      throw null as unknown as Error
    },
    { outcome: "failed", error: { name: "null" } }
  ],
  ["rejects with undefined", () => Promise.reject(undefined), { outcome: "failed" }],
  [
    "throws text",
    () => {
      throw "plain" as unknown as Error
    },
    { outcome: "failed", error: { message: "plain" } }
  ],
  [
    "throws an error that throws when it is read",
    () => {
      throw hostile as unknown as Error
    },
    { outcome: "failed" }
  ],
  ["never settles", () => new Promise(() => undefined), { outcome: "timedOut", error: { name: "RunTimedOut" } }],
  ["returns a function", () => () => 1, { outcome: "failed", error: { name: "UnrunResultError" } }],
  ["returns a BigInt", () => 5n, { outcome: "succeeded", result: { $unserializable: { type: "bigint" } } }],
  [
    "returns an invalid Date",
    () => new Date(NaN),
    { outcome: "succeeded", result: { $unserializable: { type: "Date" } } }
  ],
  ["returns nothing", () => undefined, { outcome: "succeeded", result: null }]
]

it.each(ways)("a task that %s", async (_way, behave, expected) => {
  const world = newWorld("memory")
  const bad = task("bad", () => behave())
  const good = task("good", () => "fine")
  const scheduler = await world.start({ tasks: [bad, good] })
  await scheduler.addJob({ id: "bad", task: "bad", timeout: "1 minute" })
  await scheduler.addJob({ id: "good", task: "good" })
  await world.clock.advance(2 * minute)
  expect(await scheduler.getRuns({ jobId: "bad" })).toMatchObject([expected])
  expect(await scheduler.getRuns({ jobId: "good" })).toMatchObject([{ outcome: "succeeded", result: "fine" }])
  expect((await scheduler.status()).state).toBe("active")
  expect((await scheduler.verify()).violations).toEqual([])
})

describe("what comes too late", () => {
  it.each([
    ["resolves", (late: Promise<void>) => late.then(() => "too late")],
    ["rejects", (late: Promise<void>) => late.then(() => Promise.reject(new Error("too late")))]
  ])("a task that %s after its timeout changes nothing", async (_way, behave) => {
    const world = newWorld("memory")
    const late = gate()
    const slow = task("slow", () => behave(late.opened))
    const scheduler = await world.start({ tasks: [slow] })
    const options: JobOptions = { timeout: "1 minute" }
    await scheduler.addJob({ id: "a", task: "slow", trigger: date(midnight), ...options })
    await world.clock.advance(2 * minute)
    const before = await scheduler.getRuns()
    late.open()
    await world.clock.advance(hour)
    expect(before).toMatchObject([{ outcome: "timedOut", finishedAt: midnight + minute }])
    expect(await scheduler.getRuns()).toEqual(before)
  })

  it("a task that ignores its signal frees its slot after a while, and is counted as stuck", async () => {
    const world = newWorld("memory")
    const deaf = task("deaf", () => new Promise<null>(() => undefined))
    const scheduler = await world.start({ tasks: [deaf] })
    await scheduler.addJob({ id: "a", task: deaf, timeout: "1 second" })
    await world.clock.advance(minute)
    await world.clock.advance(second)
    expect((await scheduler.status()).executors).toMatchObject([{ running: 0, queued: 0, stuck: 1 }])
  })
})
