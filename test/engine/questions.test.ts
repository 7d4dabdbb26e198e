/** Questions take turns, leave the engine most of the time, and all get theirs. Time is ours: each slice says how long it takes. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { Questions } from "../../src/engine/questions.ts"
import type { Question } from "../../src/engine/questions.ts"
import { StoreUnavailable } from "../../src/store/storeError.ts"
import type { Timers } from "../../src/time/timers.ts"

/** Timers whose time passes only where a test says so; turns of the event loop come when `run` looks for them. */
const newTime = () => {
  let now = 0
  let waiting: Array<{ readonly at: number; readonly callback: () => void }> = []
  const timers: Timers = {
    now: () => now,
    monotonicMillis: () => now,
    after: (delayMs, callback) => {
      const timer = { at: now + delayMs, callback }
      waiting.push(timer)
      return () => void (waiting = waiting.filter((each) => each !== timer))
    }
  }
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  return {
    timers,
    pass: (ms: number) => void (now += ms),
    get now() {
      return now
    },
    /** Lets time pass from timer to timer until none is left, or for so many. */
    run: async (most = Infinity): Promise<void> => {
      await settle()
      for (let timer = 0; timer < most && waiting.length > 0; timer++) {
        const next = waiting.reduce((a, b) => (b.at < a.at ? b : a))
        waiting = waiting.filter((each) => each !== next)
        now = Math.max(now, next.at)
        next.callback()
        await settle()
      }
    }
  }
}

const slices = async (question: Question, count: number, slice: () => void): Promise<void> => {
  for (let done = 0; done < count; done++) {
    if (done > 0) await question.turn()
    slice()
  }
}

it("questions take turns, slice by slice", async () => {
  const time = newTime()
  const questions = new Questions(
    time.timers,
    () => false,
    (_, error) => error
  )
  const order: Array<string> = []
  for (const name of ["a", "b", "c"])
    void questions.ask("ask", (question) =>
      slices(question, name === "a" ? 4 : 2, () => {
        order.push(name)
        time.pass(1)
      })
    )
  await time.run()
  expect(order.join("")).toBe("abcabcaa")
})

it("beside an engine at work they get about a fifteenth of the time, and without one all of it", async () => {
  for (const busy of [true, false]) {
    const time = newTime()
    const questions = new Questions(
      time.timers,
      () => busy,
      (_, error) => error
    )
    let taken = 0
    for (let client = 0; client < 50; client++)
      void questions.ask("ask", (question) =>
        slices(question, 4, () => {
          time.pass(0.5)
          taken += 0.5
        })
      )
    await time.run()
    expect(taken).toBe(100)
    if (!busy) expect(time.now).toBe(100)
    else expect(Math.round(time.now / taken)).toBeOneOf([14, 15])
  }
})

it("an engine that has nothing more to do holds nobody up", async () => {
  const time = newTime()
  let busy = true
  const questions = new Questions(
    time.timers,
    () => busy,
    (_, error) => error
  )
  let answered = 0
  for (let client = 0; client < 10; client++)
    void questions.ask("ask", async () => {
      time.pass(20)
      await Promise.resolve()
      answered += 1
    })
  await time.run(1)
  expect(answered).toBe(1)
  busy = false
  const before = time.now
  await time.run()
  expect(answered).toBe(10)
  expect(time.now - before).toBeLessThan(9 * 20 + 10)
})

it("where time stands still, as a virtual clock's does, nobody waits for time to pass", async () => {
  const time = newTime()
  const questions = new Questions(
    time.timers,
    () => true,
    (_, error) => error
  )
  const answers = Array.from({ length: 100 }, (_, index) => questions.ask("ask", () => Promise.resolve(index)))
  await time.run()
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 100 }, (_, index) => index))
  expect(time.now).toBe(0)
})

it("an answer that never comes, and one that fails, keep nobody from theirs", async () => {
  const time = newTime()
  const questions = new Questions(
    time.timers,
    () => true,
    (_, error) => error
  )
  const error = new StoreUnavailable({ store: "s", operation: "jobs", cause: "gone" })
  void questions.read("ask", Effect.never)
  const failed = questions.read("ask", Effect.fail(error))
  const thrown = questions.ask("ask", () => Promise.reject(new TypeError("a bug")))
  const answers = Promise.all([1, 2, 3].map((value) => questions.read("ask", Effect.succeed(value))))
  const settled = Promise.allSettled([failed, thrown])
  await time.run(50)
  expect(await answers).toEqual([1, 2, 3])
  expect(await settled).toMatchObject([{ reason: error }, { reason: { message: "a bug" } }])
})

it("a slice that takes long is paid for, and not for ever", async () => {
  const time = newTime()
  const questions = new Questions(
    time.timers,
    () => true,
    (_, error) => error
  )
  await questions.ask("ask", () => {
    time.pass(60_000)
    return Promise.resolve()
  })
  const before = time.now
  let answered = false
  void questions.ask("ask", () => Promise.resolve((answered = true)))
  await time.run()
  expect(answered).toBe(true)
  expect(time.now - before).toBeLessThan(400)
})
