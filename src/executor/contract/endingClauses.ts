/** The contract of an executor, part three: attempts that are ended from outside. */
import { Effect } from "effect"
import type { TaskContext } from "../../task/taskContext.ts"
import type { ExecutorUnderTest } from "./executorTrial.ts"
import { close, expectSame, expectThrow, gate, Trial } from "./executorTrial.ts"

/** A task that gives `promise` and puts its signal into `signals`. */
const keepSignal =
  (signals: Array<AbortSignal>, promise: Promise<unknown>) =>
  ({ signal }: TaskContext): Promise<unknown> => {
    signals.push(signal)
    return promise
  }

/** Attempts that outlive the scheduler are left alone by a close. */
const outlives = ({ executor }: Trial): boolean => executor.adopt !== undefined

const idle = { running: 0, queued: 0, stuck: 0 }

export const endingClauses: Readonly<Record<string, (underTest: ExecutorUnderTest) => Promise<void>>> = {
  "an attempt times out at its timeout, not before, and its signal aborts": async (underTest) => {
    const trial = new Trial(underTest)
    const startedAt = trial.timers.now()
    const signals: Array<AbortSignal> = []
    trial.submit("a", keepSignal(signals, gate().promise), { timeoutMs: 100 })
    await trial.timers.advance(99)
    expectSame("before", [signals[0]?.aborted, trial.settlements("a").length], [false, 0])
    await trial.timers.advance(1)
    const { outcome, finishedAt, result, error, retryable } = trial.settlement("a")
    expectSame(
      "after",
      [signals[0]?.aborted, outcome, finishedAt, result, retryable],
      [true, "timedOut", startedAt + 100, null, true]
    )
    expectSame("its error", error?.name, "RunTimedOut")
    close(trial.executor)
  },

  "the timeout counts from the start, not from the submission": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 1 })
    const first = gate()
    trial.submit("a", () => first.promise)
    trial.submit("b", () => gate().promise, { timeoutMs: 100 })
    await trial.timers.advance(500)
    first.open()
    await trial.timers.advance(99)
    expectSame("before", trial.settlements("b").length, 0)
    await trial.timers.advance(1)
    expectSame("after", trial.outcome("b"), "timedOut")
    close(trial.executor)
  },

  "a task that ends in time is left alone afterwards": async (underTest) => {
    const trial = new Trial(underTest)
    const signals: Array<AbortSignal> = []
    const { promise, open } = gate()
    trial.submit("a", keepSignal(signals, promise), { timeoutMs: 100 })
    await trial.timers.advance(99)
    open("in time")
    await trial.timers.advance(1_000)
    expectSame("its result", trial.settlement("a").result, '"in time"')
    expectSame("its signal", signals[0]?.aborted, false)
  },

  "the first outcome is final: a later result or error is dropped": async (underTest) => {
    for (const late of ["open", "break"] as const) {
      const trial = new Trial(underTest)
      const ended = gate()
      trial.submit("a", () => ended.promise, { timeoutMs: 10 })
      await trial.timers.advance(10)
      ended[late](new Error("late"))
      await trial.timers.advance(10_000)
      expectSame("its outcome", trial.outcome("a"), "timedOut")
      expectSame("status", trial.executor.status(), idle)
    }
  },

  "a task that heeds its signal gives its slot back at once": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 1 })
    trial.submit("a", ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)), {
      timeoutMs: 10
    })
    trial.submit("b", () => 1)
    await trial.timers.advance(10)
    expectSame("the next", trial.outcome("b"), "succeeded")
    expectSame("status", trial.executor.status(), idle)
  },

  "a task that ignores its signal gives its slot back after a while, and counts as stuck until it ends": async (
    underTest
  ) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 1, stuckAfterMs: 1_000 })
    const never = gate()
    trial.submit("a", () => never.promise, { timeoutMs: 10 })
    trial.submit("b", () => 1)
    await trial.timers.advance(10 + 1_000)
    expectSame("the next", trial.outcome("b"), "succeeded")
    expectSame("running", trial.executor.status().running, 0)
    expectSame("free", trial.executor.free(), 2)
    never.open()
    await trial.settle()
    expectSame("status", trial.executor.status(), idle)
    expectSame("the first outcome", trial.outcome("a"), "timedOut")
  },

  "the next attempt of a run is taken while the last has not ended": async (underTest) => {
    const trial = new Trial(underTest)
    const never = gate()
    trial.submit("a", () => never.promise, { timeoutMs: 10 })
    await trial.timers.advance(10)
    trial.submit("a", () => 2, { attempt: 2 })
    never.open(1)
    await trial.settle()
    expectSame(
      "outcomes",
      trial.settlements("a").map(({ outcome, result }) => [outcome, result]),
      [
        ["timedOut", null],
        ["succeeded", "2"]
      ]
    )
  },

  "a waiting attempt is cancelled at once and never starts": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 2 })
    const first = gate()
    trial.submit("a", () => first.promise)
    let called = false
    trial.submit("b", () => (called = true))
    trial.submit("c", () => 3)
    expectSame("cancel", trial.executor.cancel("b"), true)
    const { outcome, startedAt, error } = trial.settlement("b")
    expectSame("its end", [outcome, startedAt, error], ["cancelled", null, null])
    expectSame("free", trial.executor.free(), 1)
    first.open()
    await trial.settle()
    expectSame("called", called, false)
    expectSame("the one behind it", trial.outcome("c"), "succeeded")
  },

  "a running attempt is cancelled at once, its signal aborts": async (underTest) => {
    const trial = new Trial(underTest)
    const signals: Array<AbortSignal> = []
    const ended = gate()
    trial.submit("a", keepSignal(signals, ended.promise))
    await trial.settle()
    expectSame("cancel", trial.executor.cancel("a"), true)
    expectSame("its outcome", trial.outcome("a"), "cancelled")
    expectSame("its signal", signals[0]?.aborted, true)
    expectSame("cancel again", trial.executor.cancel("a"), false)
    ended.open()
    await trial.settle()
    expectSame("its outcome later", trial.outcome("a"), "cancelled")
  },

  "a run that is not here cannot be cancelled": async (underTest) => {
    const trial = new Trial(underTest)
    trial.submit("a", () => 1)
    await trial.settle()
    expectSame("ended", trial.executor.cancel("a"), false)
    expectSame("unknown", trial.executor.cancel("b"), false)
    expectSame("told", trial.story, ["started a", "settled a"])
  },

  "a signal that is read after the abort is aborted": async (underTest) => {
    const trial = new Trial(underTest)
    const wait = gate()
    const seen: Array<boolean> = []
    trial.submit("a", async (context) => {
      await wait.promise
      seen.push(context.signal.aborted)
    })
    trial.executor.cancel("a")
    wait.open()
    await trial.settle()
    expectSame("aborted", seen, [true])
  },

  "an Effect is interrupted, and gives its slot back when its finalizers have run": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 0 })
    const seen: Array<string> = []
    trial.submit("a", () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => seen.push("interrupted"))))
    await trial.settle()
    trial.executor.cancel("a")
    await trial.settle()
    expectSame("finalizers", seen, ["interrupted"])
    expectSame("its outcome", trial.outcome("a"), "cancelled")
    expectSame("status", trial.executor.status(), idle)
  },

  "closing interrupts what runs and what waits, and takes nothing more": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 1 })
    if (outlives(trial)) return
    const startedAt = trial.timers.now()
    const ended = gate()
    trial.submit("a", () => ended.promise, { timeoutMs: 10 })
    trial.submit("b", () => 1)
    await trial.settle()
    close(trial.executor)
    close(trial.executor)
    await trial.settle()
    const ends = ["a", "b"].map((runId) => trial.settlement(runId)).map((end) => [end.outcome, end.startedAt])
    expectSame("outcomes", ends, [
      ["interrupted", startedAt],
      ["interrupted", null]
    ])
    expectSame("free", trial.executor.free(), 0)
    expectThrow("another order", () => trial.submit("c", () => 1))
    expectSame("cancel", trial.executor.cancel("a"), false)
    ended.open()
    await trial.timers.advance(10_000)
    expectSame("told once", [trial.outcome("a"), trial.outcome("b")], ["interrupted", "interrupted"])
    expectSame("status", trial.executor.status(), idle)
  },

  "a close ends, whatever its tasks do, and can be asked for again": async (underTest) => {
    const trial = new Trial(underTest)
    trial.submit("a", () => gate().promise)
    await trial.settle()
    const ended: Array<string> = []
    for (const time of ["first", "second"]) {
      const closing = async (): Promise<void> => trial.executor.close()
      closing().then(
        () => ended.push(time),
        () => ended.push(`${time}, with an error`)
      )
    }
    // As long as a stop waits at the most.
    await trial.timers.advance(30_000)
    expectSame("ended", ended.toSorted(), ["first", "second"])
  },

  "no end of a task's own is said to be its worker's": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 5 })
    trial.submit("fails", () => {
      throw new Error("no")
    })
    trial.submit("rejects", () => Promise.reject(new Error("no")))
    trial.submit("times out", () => gate().promise, { timeoutMs: 10 })
    trial.submit("is cancelled", () => gate().promise)
    trial.submit("is interrupted", () => gate().promise)
    await trial.settle()
    trial.executor.cancel("is cancelled")
    await trial.timers.advance(10)
    close(trial.executor)
    await trial.settle()
    const crashed = trial.reports.filter((report) => report.type === "settled" && "crashed" in report.settlement)
    expectSame("crashed", crashed, [])
  },

  "closing aborts signals": async (underTest) => {
    const trial = new Trial(underTest)
    if (outlives(trial)) return
    const reasons: Array<unknown> = []
    trial.submit("a", ({ signal }) => {
      signal.addEventListener("abort", () => reasons.push((signal.reason as { readonly _tag?: unknown })._tag))
      return gate().promise
    })
    await trial.settle()
    close(trial.executor)
    expectSame("reasons", reasons, ["RunInterrupted"])
  }
}
