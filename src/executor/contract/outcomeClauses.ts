/** The contract of an executor, part one: what a task gives and how it is told. */
import { Effect, Schema } from "effect"
import { task } from "../../task/task.ts"
import type { ExecutorUnderTest } from "./executorTrial.ts"
import { expectSame, gate, Trial } from "./executorTrial.ts"

// By shape, not from the libraries: the core of an executor knows neither.
const observableOf = (deliver: (observer: Observer) => void): object => ({
  lift: () => undefined,
  subscribe: (observer: Observer) => {
    deliver(observer)
    return { closed: true, unsubscribe: () => undefined }
  }
})

interface Observer {
  next(value: unknown): void
  error(error: unknown): void
  complete(): void
}

const logicThatEnds = (end: (input: unknown) => object): object => ({
  config: {},
  transition: (snapshot: unknown) => snapshot,
  getInitialSnapshot: (_: unknown, input: unknown) => end(input),
  getPersistedSnapshot: (snapshot: unknown) => snapshot
})

const runOne = async (underTest: ExecutorUnderTest, code: Parameters<Trial["submit"]>[1]): Promise<Trial> => {
  const trial = new Trial(underTest)
  trial.submit("a", code)
  await trial.settle()
  return trial
}

const result = async (underTest: ExecutorUnderTest, code: Parameters<Trial["submit"]>[1]): Promise<unknown> => {
  const trial = await runOne(underTest, code)
  expectSame("the outcome", trial.outcome("a"), "succeeded")
  return trial.settlement("a").result
}

const failure = async (underTest: ExecutorUnderTest, code: Parameters<Trial["submit"]>[1]): Promise<unknown> => {
  const trial = await runOne(underTest, code)
  const { outcome, result: given, error, retryable } = trial.settlement("a")
  return { outcome, result: given, name: error?.name, message: error?.message, retryable }
}

const failedWith = (message: string): object => ({
  outcome: "failed",
  result: null,
  name: "Error",
  message,
  retryable: true
})

export const outcomeClauses: Readonly<Record<string, (underTest: ExecutorUnderTest) => Promise<void>>> = {
  "a run is told of as started, then as settled, with the instants of the timers": async (underTest) => {
    const trial = new Trial(underTest)
    const { promise, open } = gate()
    await trial.timers.advance(5)
    const startedAt = trial.timers.now()
    trial.submit("a", () => promise)
    await trial.timers.advance(20)
    open("done")
    await trial.settle()
    const expected = {
      outcome: "succeeded",
      startedAt,
      finishedAt: startedAt + 20,
      result: '"done"',
      error: null,
      retryable: true
    }
    expectSame("the reports", trial.reports, [
      { type: "started", runId: "a", at: startedAt },
      { type: "settled", runId: "a", settlement: expected }
    ])
  },

  "a function's value, a promise's, an Effect's, an Observable's last and an actor's output are the result": async (
    underTest
  ) => {
    expectSame("of a function", await result(underTest, () => ({ count: 1 })), '{"count":1}')
    expectSame("of a promise", await result(underTest, async () => [1, 2]), "[1,2]")
    expectSame("of an Effect", await result(underTest, () => Effect.succeed("x")), '"x"')
    expectSame("of an Effect itself", await result(underTest, task("direct", Effect.succeed("x"))), '"x"')
    const values = observableOf((observer) => {
      observer.next(1)
      observer.next(2)
      observer.complete()
    })
    expectSame("of an Observable", await result(underTest, () => values), "2")
    const logic = logicThatEnds(() => ({ status: "done", output: 7, error: undefined }))
    expectSame("of actor logic", await result(underTest, () => logic), "7")
  },

  "nothing given, undefined and null, is no result": async (underTest) => {
    for (const nothing of [undefined, null]) {
      expectSame("of a function", await result(underTest, () => nothing), null)
      expectSame("of a promise", await result(underTest, () => Promise.resolve(nothing)), null)
    }
  },

  "a result that is not JSON keeps its success and is told by a placeholder": async (underTest) => {
    const cycle: Record<string, unknown> = {}
    cycle["self"] = cycle
    for (const odd of [1n, Symbol("s"), new Date(NaN), new Map(), NaN]) {
      const text = await result(underTest, () => odd)
      const parsed: unknown = JSON.parse(String(text))
      expectSame("the placeholder's key", Object.keys(parsed as object), ["$unserializable"])
    }
    for (const odd of [cycle, [undefined]]) {
      const text = String(await result(underTest, () => odd))
      expectSame("a placeholder in the place of what is no JSON", text.includes('{"$unserializable":'), true)
    }
    const whole = await result(underTest, () => ({ rows: 3, at: new Date(0) }))
    expectSame("a Date in it is its text", whole, '{"rows":3,"at":"1970-01-01T00:00:00.000Z"}')
  },

  "what would still have to be run is a failure that is not tried again": async (underTest) => {
    const unrun: ReadonlyArray<() => unknown> = [
      () => () => 1,
      () => [Promise.resolve(1)],
      () => ({ rows: Effect.succeed(1) }),
      () => new Map([["a", 1]]).values()
    ]
    for (const handler of unrun) {
      const { outcome, error, retryable } = (await runOne(underTest, handler)).settlement("a")
      expectSame("the outcome", [outcome, error?.name, retryable], ["failed", "UnrunResultError", false])
    }
  },

  "what is thrown, rejected or failed with is the error": async (underTest) => {
    const error = new Error("no")
    const throwIt = (): never => {
      throw error
    }
    expectSame("thrown", await failure(underTest, throwIt), failedWith("no"))
    expectSame("rejected", await failure(underTest, () => Promise.reject(error)), failedWith("no"))
    expectSame("failed with", await failure(underTest, () => Effect.fail(error)), failedWith("no"))
    expectSame("died of", await failure(underTest, () => Effect.die(error)), failedWith("no"))
    const values = observableOf((observer) => observer.error(error))
    expectSame("emitted", await failure(underTest, () => values), failedWith("no"))
    const logic = logicThatEnds(() => ({ status: "error", output: undefined, error }))
    expectSame("of actor logic", await failure(underTest, () => logic), failedWith("no"))
  },

  "whatever is thrown fails the run and nothing else": async (underTest) => {
    const hostile = new Proxy(Object.freeze({}), {
      get: () => {
        throw new Error("get")
      }
    })
    for (const thrown of [null, undefined, "text", 0, 1n, Symbol("s"), () => 1, Object.freeze({}), hostile]) {
      const trial = await runOne(underTest, () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- what tasks do
        throw thrown
      })
      expectSame("the outcome", trial.outcome("a"), "failed")
      expectSame("a description", typeof trial.settlement("a").error?.message, "string")
    }
  },

  "a thenable that settles twice has one outcome, its first": async (underTest) => {
    const twice = {
      then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
        resolve(1)
        reject(new Error("no"))
        resolve(2)
      }
    }
    expectSame("its result", await result(underTest, () => twice), "1")
  },

  "the task's own retryWhen says whether another attempt is worth it, and a throw of it says no": async (underTest) => {
    const cases = [
      { retryWhen: () => true, expected: true },
      { retryWhen: () => false, expected: false },
      {
        retryWhen: () => {
          throw new Error("no")
        },
        expected: false
      }
    ]
    for (const { retryWhen, expected } of cases) {
      const trial = await runOne(
        underTest,
        task("fails", () => Promise.reject(new Error("no")), { retryWhen })
      )
      expectSame("retryable", trial.settlement("a").retryable, expected)
    }
  },

  "a task with a schema is given its output, and is not called when the schema refuses": async (underTest) => {
    const trial = new Trial(underTest)
    const seen: Array<unknown> = []
    const code = task(
      "parsed",
      ({ args }) => {
        seen.push(args.count)
      },
      { args: Schema.Struct({ count: Schema.NumberFromString }) }
    )
    trial.submit("a", code, { args: { count: "7" } })
    trial.submit("b", code, { args: { count: [] } })
    await trial.settle()
    expectSame("what the task saw", seen, [7])
    const { outcome, error, retryable } = trial.settlement("b")
    expectSame("the refused run", [outcome, error?.name, retryable], ["failed", "InvalidArgumentsError", false])
  },

  "each attempt has arguments of its own": async (underTest) => {
    const trial = new Trial(underTest)
    const seen: Array<string> = []
    const code = task("changes", ({ args }: { readonly args: { list: Array<number> } }) => {
      args.list.push(2)
      seen.push(JSON.stringify(args))
    })
    const args = { list: [1] }
    trial.submit("a", code, { args })
    await trial.settle()
    trial.submit("a", code, { args, attempt: 2 })
    await trial.settle()
    expectSame("what the task saw", seen, ['{"list":[1,2]}', '{"list":[1,2]}'])
    expectSame("the order's arguments", args, { list: [1] })
  },

  "the task learns its job, run, fire time and attempt": async (underTest) => {
    const trial = new Trial(underTest)
    const seen: Array<unknown> = []
    trial.submit("a", ({ jobId, runId, fireAt, attempt }) => void seen.push([jobId, runId, fireAt, attempt]), {
      attempt: 3
    })
    await trial.settle()
    expectSame("what the task saw", seen, [["job of a", "a", 1_000, 3]])
  },

  "progress is told between start and outcome, as a copy, and not after": async (underTest) => {
    const trial = new Trial(underTest)
    let late: () => void = () => undefined
    trial.submit("a", async ({ progress }) => {
      const value = { done: 1 }
      progress(value)
      await Promise.resolve()
      value.done = 2
      progress(value)
      late = () => progress(3)
    })
    await trial.settle()
    late()
    await trial.settle()
    expectSame("the story", trial.story, ["started a", "progressed a", "progressed a", "settled a"])
    const values = trial.reports.flatMap((report) => (report.type === "progressed" ? [report.value] : []))
    expectSame("the values", values, [{ done: 1 }, { done: 2 }])
  },

  "a listener that throws breaks nothing": async (underTest) => {
    const trial = new Trial(underTest)
    trial.onReport = () => {
      throw new Error("listener")
    }
    for (const runId of ["a", "b", "c"]) trial.submit(runId, async ({ progress }) => progress(1))
    await trial.settle()
    expectSame(
      "the outcomes",
      ["a", "b", "c"].map((runId) => trial.outcome(runId)),
      ["succeeded", "succeeded", "succeeded"]
    )
    expectSame("the slots", trial.executor.status(), { running: 0, queued: 0, stuck: 0 })
  }
}
