import { Deferred, Effect, Either, Exit, Option, Runtime } from "effect"
import { concat, EMPTY, NEVER, Observable, of, Subject, throwError } from "rxjs"
import { describe, expect, it } from "vitest"
import { createMachine, fromCallback, fromPromise, setup } from "xstate"
import type { TaskContext } from "../../src/task/taskContext.ts"
import type { StopValue, ValueTaker } from "../../src/task/taskValue.ts"
import { isHandler, runHandler } from "../../src/task/taskValue.ts"
import { ManualTimers } from "../executor/manualTimers.ts"

const error = new Error("no")

describe("runHandler", () => {
  it.each<[string, () => unknown, unknown]>([
    ["a plain value", () => 1, 1],
    ["nothing", () => undefined, undefined],
    ["a plain object", () => ({ a: 1 }), { a: 1 }],
    ["a promise's value", async () => 1, 1],
    ["a thenable's value", () => ({ then: (resolve: (value: number) => void) => resolve(1) }), 1],
    ["an Effect's value", () => Effect.succeed(1), 1],
    ["an Effect's value, later", () => Effect.delay(Effect.succeed(1), 0), 1],
    ["an Option's value", () => Option.some(1), 1],
    ["an Either's value", () => Either.right(1), 1],
    ["an Exit's value", () => Exit.succeed(1), 1],
    ["an Observable's last value", () => of(1, 2, 3), 3],
    ["nothing of an empty Observable", () => EMPTY, undefined],
    ["an actor's output", () => fromPromise(async () => 1), 1],
    ["a machine's output", () => doneMachine, "out"],
    ["what a promised Effect gives", async () => Effect.succeed(1), 1],
    ["what a promised Observable gives", async () => of(1, 2), 2],
    ["what promised actor logic gives", async () => fromPromise(async () => 1), 1]
  ])("takes %s as the result", async (_, handler, expected) => {
    expect((await ended(handler)).news).toEqual([["succeeded", expected]])
  })

  it.each<[string, object]>([
    ["an Effect", Effect.succeed(1)],
    ["an Observable", of(0, 1)],
    ["actor logic", fromPromise(async () => 1)]
  ])("runs %s that is given in place of a function", async (_, handler) => {
    expect((await ended(handler)).news).toEqual([["succeeded", 1]])
  })

  it.each<[string, () => unknown]>([
    ["thrown", () => throwIt()],
    ["rejected", () => Promise.reject(error)],
    ["failed with", () => Effect.fail(error)],
    ["died of", () => Effect.die(error)],
    ["of a promised Effect", async () => Effect.fail(error)],
    [
      "emitted",
      () =>
        concat(
          of(1),
          throwError(() => error)
        )
    ],
    ["thrown on subscription", () => new Observable(throwIt)],
    ["of a foreign Observable's subscription", () => ({ lift: throwIt, subscribe: throwIt })],
    ["of a promise actor", () => fromPromise(() => Promise.reject(error))],
    ["of a machine's action", () => createMachine({ entry: throwIt })],
    ["of actor logic's start", () => ({ transition: throwIt, getInitialSnapshot: throwIt })],
    ["of an overridden then", () => Object.assign(Promise.resolve(1), { then: throwIt })]
  ])("takes an error %s as the failure", async (_, handler) => {
    expect((await ended(handler)).news).toEqual([["failed", error]])
  })

  it("gives actor logic the context as input", async () => {
    const echo = fromPromise(async ({ input }: { input: TaskContext }) => input.runId)
    expect((await ended(() => echo)).news).toEqual([["succeeded", "run"]])
  })

  it("moves a machine's delays with the timers", async () => {
    const timers = new ManualTimers()
    const taker = start(() => slowMachine, timers)
    await timers.advance(59_999)
    expect(taker.news).toEqual([])
    await timers.advance(1)
    expect(taker.news).toEqual([["succeeded", "slow"]])
  })

  it("takes a value that cannot be looked at as a plain one", async () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const taker = start(() => proxy)
    expect(taker.news[0]?.[0]).toBe("succeeded")
  })

  it("starts a lazy promise, one that works only when asked", async () => {
    let asked = false
    class Lazy extends Promise<number> {
      override then: Promise<number>["then"] = (...callbacks) => {
        asked = true
        return Promise.resolve(1).then(...callbacks)
      }
    }
    expect((await ended(() => new Lazy(() => undefined))).news).toEqual([["succeeded", 1]])
    expect(asked).toBe(true)
  })
})

describe("runHandler, stopped", () => {
  it("cannot stop a promise", async () => {
    const taker = start(() => new Promise(() => undefined))
    await pending()
    expect(taker.stop).toBeNull()
  })

  it("unsubscribes an Observable, which has ended by that", () => {
    const values = new Subject<number>()
    const taker = start(() => values)
    expect(values.observed).toBe(true)
    expect(taker.stop?.()).toBe(true)
    expect(values.observed).toBe(false)
    expect(taker.news).toEqual([])
  })

  it("stops an actor, which has ended by that", () => {
    let stopped = false
    const taker = start(() => fromCallback(() => () => (stopped = true)))
    expect(taker.stop?.()).toBe(true)
    expect([stopped, taker.news]).toEqual([true, []])
  })

  it("tells of an Effect that interrupts itself the same each time", async () => {
    const told = async () => String((await ended(() => Effect.interrupt)).news[0]?.[1])
    expect([await told(), await told()]).toEqual(Array(2).fill("InterruptedException: interrupted from within"))
  })

  it("interrupts an Effect, which ends after its finalizers", async () => {
    const finalizer = await Effect.runPromise(Deferred.make<void>())
    const taker = start(() => Effect.onInterrupt(Effect.never, () => Deferred.await(finalizer)))
    expect(taker.stop?.()).toBe(false)
    await pending()
    expect(taker.news).toEqual([])
    await Effect.runPromise(Deferred.succeed(finalizer, undefined))
    await pending()
    expect(taker.news.map(([type]) => type)).toEqual(["failed"])
  })

  it("does not begin what a promise gives after the abort", async () => {
    let begun = false
    const taker = start(async () => {
      await Promise.resolve()
      return Effect.sync(() => (begun = true))
    })
    taker.aborted = true
    await pending()
    expect([begun, taker.news]).toEqual([false, [["succeeded", undefined]]])
  })
})

describe("isHandler", () => {
  it("takes functions, Effects, Observables and actor logic, and nothing else", () => {
    for (const handler of [() => 1, Effect.void, NEVER, doneMachine, fromCallback(() => undefined)]) {
      expect(isHandler(handler)).toBe(true)
    }
    for (const other of [undefined, null, 1, "a", {}, [], new Map(), Promise.resolve(1)]) {
      expect(isHandler(other)).toBe(false)
    }
  })
})

class Taker implements ValueTaker {
  readonly task = "task"
  aborted = false
  readonly news: Array<[string, unknown]> = []
  stop: StopValue | null = null

  succeed(value: unknown): void {
    this.news.push(["succeeded", value])
  }

  fail(failure: unknown): void {
    this.news.push(["failed", failure])
  }

  stoppable(stop: StopValue): void {
    this.stop = stop
  }
}

const context: TaskContext = {
  args: null,
  jobId: "job",
  runId: "run",
  fireAt: 0,
  attempt: 1,
  signal: new AbortController().signal,
  progress: () => undefined,
  extendTimeout: () => undefined
}

const start = (handler: object, timers = new ManualTimers()): Taker => {
  const taker = new Taker()
  runHandler(handler, context, taker, { runtime: Runtime.defaultRuntime, timers })
  return taker
}

const ended = async (handler: object): Promise<Taker> => {
  const taker = start(handler)
  while (taker.news.length === 0) await pending()
  await pending()
  return taker
}

const pending = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const throwIt = (): never => {
  throw error
}

const doneMachine = createMachine({ initial: "done", states: { done: { type: "final" } }, output: "out" })

const slowMachine = setup({}).createMachine({
  initial: "waiting",
  states: { waiting: { after: { 60_000: "done" } }, done: { type: "final" } },
  output: "slow"
})
