/** Jobs and runs in an Effect program's hand: Effects and Streams, no promises and Observables. */
import { date, interval, task } from "carillon"
import type { JobRecord, MaxInstancesError, RunRecord, VerbError, WatchJobError } from "carillon"
import type { Scheduler } from "carillon/effect"
import type { JobHandle, RunHandle, SchedulerFault } from "carillon/effect"
import { Chunk, Effect, Fiber, Predicate, Stream } from "effect"
import { describe, expect, expectTypeOf, it } from "vitest"
import { advance, run, start } from "./effectScene.ts"

const plain = task("plain", () => "done")
const failing = task("failing", () => Effect.fail("no"))
const hour = 3_600_000

describe("a job's handle", () => {
  it("runs the job with what adding it gave", async () => {
    const result = await run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const asked = yield* (yield* scheduler.addJob({ task: plain, trigger: interval({ days: 1 }) })).run()
        return (yield* asked.settled).result
      })
    ).pipe(Effect.runPromise)
    expect(result).toBe("done")
  })

  it("shows what its job was, and has its verbs", async () => {
    const told = await run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const job = yield* scheduler.addJob({ id: "a", task: plain, trigger: interval({ hours: 1 }), tags: ["t"] })
        expect([job.id, job.task, job.state, job.tags, job.nextFireAt]).toEqual([
          "a",
          "plain",
          "scheduled",
          ["t"],
          start + hour
        ])
        const preview = yield* job.preview(2)
        const paused = yield* job.pause
        const resumed = yield* paused.resume()
        const skipped = yield* resumed.skipNext
        const modified = yield* skipped.modify({ name: "renamed" })
        const moved = yield* modified.reschedule(date(start + 5 * hour))
        yield* advance("1 second")
        const because = yield* moved.explain(start + hour)
        const ledger = yield* moved.ledger()
        const runs = yield* moved.runs()
        const actor = yield* moved.actor
        actor.stop()
        yield* moved.remove
        const gone = yield* scheduler.getJob("a")
        return {
          preview: preview.map((at) => at - start),
          states: [paused.state, resumed.state, moved.record.state],
          next: [skipped.nextFireAt, moved.nextFireAt].map((at) => (at ?? 0) - start),
          name: modified.name,
          because: typeof because,
          ledger: ledger.map(({ reason }) => reason),
          runs,
          gone
        }
      })
    ).pipe(Effect.runPromise)
    expect(told).toEqual({
      preview: [hour, 2 * hour],
      states: ["paused", "scheduled", "scheduled"],
      next: [2 * hour, 5 * hour],
      name: "renamed",
      because: "object",
      ledger: ["skipped"],
      runs: [],
      gone: undefined
    })
  })

  it("streams its job's changes until the job is removed", async () => {
    const states = await run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const job = yield* scheduler.addJob({ task: plain, trigger: interval({ hours: 1 }) })
        const records = Stream.takeWhile(job.changes, Predicate.isNotNullable)
        const seen = yield* Effect.fork(Stream.runCollect(Stream.map(records, ({ state }) => state)))
        yield* advance("1 second")
        yield* job.pause
        yield* advance("1 second")
        yield* job.remove
        return Chunk.toReadonlyArray(yield* Fiber.join(seen))
      })
    ).pipe(Effect.runPromise)
    expect(states).toEqual(["scheduled", "paused"])
  })

  it("fails with the verb's own errors, on this side of a promise", async () => {
    const tags = await run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const job = yield* scheduler.addJob({ task: plain, trigger: interval({ hours: 1 }) })
        const notPaused = yield* Effect.flip(job.resume())
        yield* job.remove
        const missing = yield* Effect.flip(job.pause)
        return [notPaused, missing].map(({ _tag }) => _tag)
      })
    ).pipe(Effect.runPromise)
    expect(tags).toEqual(["JobStateError", "UnknownJobError"])
  })

  it("is given by every verb that gives a job", async () => {
    const kinds = await run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const [first] = yield* scheduler.addJobs([{ id: "a", task: "plain", trigger: interval({ hours: 1 }) }])
        const exported = yield* scheduler.exportJobs()
        yield* scheduler.removeJob("a")
        const [imported] = yield* scheduler.importJobs(exported)
        const [listed] = yield* scheduler.getJobs()
        const given = [
          first,
          imported,
          listed,
          yield* scheduler.getJob("a"),
          yield* scheduler.pauseJob("a"),
          yield* scheduler.resumeJob("a"),
          yield* scheduler.skipNext("a"),
          yield* scheduler.modifyJob("a", { name: "b" }),
          yield* scheduler.rescheduleJob("a", interval({ hours: 2 }))
        ]
        return given.map((job) => job !== undefined && Effect.isEffect(job.pause))
      })
    ).pipe(Effect.runPromise)
    expect(kinds).toEqual(Array.from({ length: 9 }, () => true))
  })
})

describe("a run's handle", () => {
  it("waits for the run's outcome, and tries it again", async () => {
    const outcomes = await run({ tasks: [failing] }, (scheduler) =>
      Effect.gen(function* () {
        const job = yield* scheduler.addJob({ task: failing, trigger: interval({ hours: 1 }) })
        const first = yield* job.run()
        const failed = yield* first.settled
        const again = yield* first.retry
        const { outcome, fireAt } = yield* again.settled
        const third = yield* Effect.flip(job.retryRun(first.runId))
        return [failed.outcome, outcome, fireAt - first.fireAt, third._tag]
      })
    ).pipe(Effect.runPromise)
    expect(outcomes).toEqual(["failed", "failed", 0, "RunStateError"])
  })
})

describe("the handles' types", () => {
  it("are those of the verbs", () => {
    type Verbs = Scheduler["Type"]
    type Given<V extends (...args: never) => unknown> =
      ReturnType<V> extends Effect.Effect<infer A, unknown> ? A : never
    expectTypeOf<Given<Verbs["addJob"]>>().toEqualTypeOf<JobHandle>()
    expectTypeOf<Given<Verbs["getJob"]>>().toEqualTypeOf<JobHandle | undefined>()
    expectTypeOf<Given<Verbs["getJobs"]>>().toEqualTypeOf<ReadonlyArray<JobHandle>>()
    expectTypeOf<Given<Verbs["runJob"]>>().toEqualTypeOf<RunHandle>()
    expectTypeOf<Given<Verbs["getRuns"]>>().toEqualTypeOf<ReadonlyArray<RunRecord>>()
    expectTypeOf<Given<Verbs["cancelRun"]>>().toEqualTypeOf<boolean>()
    expectTypeOf<JobHandle["changes"]>().toEqualTypeOf<
      Stream.Stream<JobRecord | null | undefined, WatchJobError | SchedulerFault>
    >()
    expectTypeOf<RunHandle["settled"]>().toExtend<Effect.Effect<RunRecord, VerbError | { _tag: "UnknownNameError" }>>()
    expectTypeOf<MaxInstancesError>().toExtend<Effect.Effect.Error<ReturnType<JobHandle["run"]>>>()
    expectTypeOf<MaxInstancesError>().not.toExtend<Effect.Effect.Error<JobHandle["pause"]>>()
  })
})
