/** The contract of an executor, part two: slots, the queue, and whose turn it is. */
import { task } from "../../task/task.ts"
import type { ExecutorUnderTest, Gate } from "./executorTrial.ts"
import { close, expectSame, expectThrow, gate, Trial } from "./executorTrial.ts"

export const capacityClauses: Readonly<Record<string, (underTest: ExecutorUnderTest) => Promise<void>>> = {
  "a provider says how much its executors take, and makes a fresh one each time": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 3, queue: 4 })
    const { provider } = trial
    expectSame("its limits", [provider.concurrency, provider.queue, provider.kind !== ""], [3, 4, true])
    trial.submit("a", () => gate().promise)
    const other = provider.make({ ...contextOf(trial), name: "other" })
    expectSame("free in the first", trial.executor.free(), 6)
    expectSame("free in the second", other.free(), 7)
    expectSame("status of the second", other.status(), { running: 0, queued: 0, stuck: 0 })
    close(trial.executor)
    close(other)
  },

  "no more tasks run at a time than it has slots, and the rest start in order": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 2, queue: 3 })
    const gates = new Map<string, Gate>()
    for (const runId of ["a", "b", "c", "d", "e"]) {
      trial.submit(runId, () => {
        const opened = gate()
        gates.set(runId, opened)
        return opened.promise
      })
    }
    await trial.settle()
    expectSame("called", [...gates.keys()], ["a", "b"])
    expectSame("status", trial.executor.status(), { running: 2, queued: 3, stuck: 0 })
    expectSame("free", trial.executor.free(), 0)
    for (const runId of ["b", "a", "c", "d", "e"]) {
      gates.get(runId)?.open()
      await trial.settle()
    }
    const started = trial.reports.flatMap((report) => (report.type === "started" ? [report.runId] : []))
    expectSame("started", started, ["a", "b", "c", "d", "e"])
    expectSame("free at the end", trial.executor.free(), 5)
  },

  "a slot is free by the time its outcome is told": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 0 })
    const free: Array<number> = []
    trial.onReport = ({ type }) => {
      if (type === "settled") free.push(trial.executor.free())
    }
    trial.submit("a", async () => 1)
    await trial.settle()
    trial.submit("b", () => 1)
    await trial.settle()
    expectSame("free", free, [1, 1])
  },

  "an order too many throws, and changes nothing": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 1 })
    const { promise, open } = gate()
    trial.submit("a", () => promise)
    trial.submit("b", () => 1)
    expectThrow("a third order", () => trial.submit("c", () => 1))
    open()
    await trial.settle()
    expectSame("the story", trial.story, ["started a", "settled a", "started b", "settled b"])
  },

  "a run that is here already is refused": async (underTest) => {
    const trial = new Trial(underTest)
    const { promise, open } = gate()
    trial.submit("a", () => promise)
    expectThrow("the same run again", () => trial.submit("a", () => 1, { attempt: 2 }))
    open()
    await trial.settle()
    expectSame("its outcome", trial.outcome("a"), "succeeded")
  },

  "a queue full of plain functions is worked off without nesting": async (underTest) => {
    const count = 20_000
    const trial = new Trial(underTest, { concurrency: 1, queue: count })
    const { promise, open } = gate()
    trial.submit("first", () => promise)
    const plain = task("plain", () => undefined)
    for (let at = 0; at < count; at++) trial.submit(`run ${at}`, plain)
    open()
    while (trial.executor.status().queued > 0) await trial.settle()
    await trial.settle()
    const settled = trial.reports.filter((report) => report.type === "settled")
    expectSame("settled", settled.length, count + 1)
    expectSame(
      "all succeeded",
      settled.every((report) => report.settlement.outcome === "succeeded"),
      true
    )
  },

  "a listener may submit the next run, however often": async (underTest) => {
    const count = 20_000
    const trial = new Trial(underTest, { concurrency: 1, queue: 1 })
    const plain = task("plain", () => undefined)
    let next = 1
    trial.onReport = (report) => {
      if (report.type === "settled" && next < count) trial.submit(`run ${next++}`, plain)
    }
    trial.submit("run 0", plain)
    for (let turn = 0; turn < count && trial.reports.length < 2 * count; turn++) await trial.settle()
    expectSame("told", trial.reports.length, 2 * count)
  },

  "a task may submit another run; nothing of it is told while the first is being submitted": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 5, queue: 5 })
    trial.submit("a", () => {
      trial.submit("b", () => 1)
    })
    expectSame(
      "told while submitting",
      trial.story.filter((told) => told.endsWith(" b")),
      []
    )
    await trial.settle()
    expectSame("the outcome", trial.outcome("b"), "succeeded")
  },

  "what a task submits starts before what is submitted after that task": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 5, queue: 5 })
    trial.submit("a", () => {
      trial.submit("b", () => 1)
    })
    trial.submit("c", () => 1)
    await trial.settle()
    const started = trial.reports.flatMap((report) => (report.type === "started" ? [report.runId] : []))
    expectSame("started", started, ["a", "b", "c"])
  },

  "reports that come up inside another run's task are told after that task, in order": async (underTest) => {
    const trial = new Trial(underTest, { concurrency: 5, queue: 5 })
    let end: () => void = () => undefined
    trial.submit("a", ({ progress }) => ({
      // An Observable, by its shape.
      lift: () => undefined,
      subscribe: (observer: { complete: () => void }) => {
        end = () => {
          progress(1)
          observer.complete()
        }
        return { closed: false, unsubscribe: () => undefined }
      }
    }))
    trial.submit("b", () => end())
    expectSame("told while submitting", trial.story, ["started a", "started b", "settled b"])
    await trial.settle()
    expectSame("the rest", trial.story.slice(3), ["progressed a", "settled a"])
    expectSame("status", trial.executor.status(), { running: 0, queued: 0, stuck: 0 })
  }
}

const contextOf = (trial: Trial): Parameters<Trial["provider"]["make"]>[0] => ({
  name: "trial",
  tasks: { find: () => undefined, names: [] },
  timers: trial.timers,
  runtime: trial.runtime,
  listener: {
    started: () => undefined,
    progressed: () => undefined,
    checkpointed: () => undefined,
    settled: () => undefined
  }
})
