/** What `execute` of a defined job fails with: each can be met, and whoever handles all of them is known to. */
import { interval, task } from "carillon"
import type { EnqueueError, AwaitError, ExecuteOptions, RunEnded } from "carillon/effect"
import { Job, Scheduler } from "carillon/effect"
import { sqlite } from "carillon/sqlite"
import { Effect, Exit, Fiber, Layer, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, expectTypeOf, it } from "vitest"
import { letter, moving, Refused, SendLetter, at, mail, within } from "./definedJobScene.ts"
import { advance } from "./effectScene.ts"

const directory = mkdtempSync(join(tmpdir(), "carillon-job-errors-"))
afterAll(() => rmSync(directory, { recursive: true }))

const Wait = Job.make({ name: "Wait", args: Schema.Number, success: Schema.Number, error: Refused })
const waiting = Wait.toLayer(({ args }) =>
  args < 0 ? Effect.fail(new Refused({ to: "nobody", at })) : Effect.as(Effect.sleep(args), args)
)

/** What an execution fails with that `meanwhile` happens to, while the clock moves. */
const failureOf = (
  args: unknown,
  options: ExecuteOptions = {},
  meanwhile: Effect.Effect<unknown, unknown, Scheduler> = Effect.void
) =>
  within(
    waiting,
    Effect.gen(function* () {
      const executing = yield* Effect.fork(Effect.flip(Wait.execute(args as number, options)))
      yield* advance("1 second")
      yield* meanwhile
      yield* advance("1 minute")
      return yield* Fiber.join(executing)
    }),
    { tasks: [task("other", () => 1)] }
  )

const verbs = <A, E>(use: (scheduler: Scheduler["Type"]) => Effect.Effect<A, E>) => Effect.flatMap(Scheduler, use)
const minutes = 60_000

describe("execute", () => {
  it.each([
    ["Refused", "its handler's error", -1, {}, Effect.void],
    ["RunTimedOut", "a timeout", 10 * minutes, { timeout: "5 seconds" }, Effect.void],
    [
      "RunCancelled",
      "a cancellation",
      10 * minutes,
      {},
      verbs(({ getRuns, cancelRun }) => Effect.flatMap(getRuns(), ([run]) => cancelRun(run?.runId ?? "")))
    ],
    [
      "SchedulerStoppedError",
      "a stop",
      10 * minutes,
      {},
      verbs(({ promises }) => Effect.promise(() => promises.shutdown({ deadline: 0 })))
    ],
    ["UnknownJobError", "a removal", 0, { id: "a", at: 4_000_000_000_000 }, verbs(({ removeJob }) => removeJob("a"))],
    ["InvalidArgumentsError", "wrong arguments", "text", {}, Effect.void],
    ["InvalidJobError", "a wrong option", 0, { name: "" }, Effect.void],
    ["InvalidJobError", "a wrong word on interruption", 0, { onInterrupt: "stop" as never }, Effect.void],
    ["InvalidJobError", "options that are none", 0, null as never, Effect.void],
    ["InvalidDurationError", "a wrong timeout", 0, { timeout: "soon" as never }, Effect.void],
    ["InvalidTriggerError", "a wrong instant", 0, { at: "soon" }, Effect.void],
    ["UnknownNameError", "an unknown store", 0, { store: "none" }, Effect.void]
  ] satisfies ReadonlyArray<[string, string, unknown, ExecuteOptions, Effect.Effect<unknown, unknown, Scheduler>]>)(
    "fails with %s: %s",
    async (tag, _, args, options, meanwhile) => {
      expect((await failureOf(args, options, meanwhile))._tag).toBe(tag)
    }
  )

  it("fails with DuplicateJobError: a job of another kind has the id", async () => {
    const failed = await within(
      waiting,
      Effect.gen(function* () {
        yield* verbs(({ addJob }) => addJob({ id: "a", task: "other", trigger: interval("1 hour") }))
        return yield* Effect.flip(Wait.execute(0, { id: "a" }))
      }),
      { tasks: [task("other", () => 1)] }
    )
    expect(failed).toMatchObject({ _tag: "DuplicateJobError", jobId: "a" })
  })

  it("says how long a run had that timed out", async () => {
    const failed = await failureOf(10 * minutes, { timeout: "5 seconds" })
    expect(failed).toMatchObject({ _tag: "RunTimedOut", timeoutMs: 5_000, attempt: 1 })
  })

  it("leaves nothing to fail with where all is handled", () => {
    const executed = SendLetter.execute(letter("ops"))
    expectTypeOf(executed).toEqualTypeOf<
      Effect.Effect<Date, Refused | RunEnded | EnqueueError | AwaitError, Scheduler>
    >()
    const handled = executed.pipe(
      Effect.catchTags({
        Refused: () => Effect.succeed(at),
        RunTimedOut: () => Effect.succeed(at),
        RunCancelled: () => Effect.succeed(at),
        RunInterrupted: () => Effect.succeed(at)
      }),
      Effect.catchTags({
        InvalidArgumentsError: Effect.die,
        InvalidJobError: Effect.die,
        InvalidDurationError: Effect.die,
        InvalidTriggerError: Effect.die,
        DuplicateJobError: Effect.die,
        UnknownJobError: Effect.die,
        UnknownNameError: Effect.die
      }),
      Effect.catchTags({
        SchedulerNotStartedError: Effect.die,
        SchedulerStoppedError: Effect.die,
        StoreUnavailable: Effect.die,
        StoreUnreadable: Effect.die,
        StoreFenced: Effect.die,
        StoreConflict: Effect.die
      })
    )
    expectTypeOf(handled).toEqualTypeOf<Effect.Effect<Date, never, Scheduler>>()
  })

  it("takes the arguments of its schema, decoded, and none where there are none", () => {
    const Nothing = Job.make({ name: "Nothing" })
    expectTypeOf<Parameters<typeof SendLetter.execute>[0]>().toEqualTypeOf<ReturnType<typeof letter>>()
    expectTypeOf<Parameters<typeof Nothing.execute>>().toEqualTypeOf<[args?: undefined, options?: ExecuteOptions]>()
    expectTypeOf(Nothing.execute()).toEqualTypeOf<
      Effect.Effect<void, RunEnded | EnqueueError | AwaitError, Scheduler>
    >()
    // @ts-expect-error a handler gives what the schema says
    SendLetter.toLayer(() => Effect.succeed("no date"))
    // @ts-expect-error and fails with nothing else
    Nothing.toLayer(() => Effect.fail("no"))
  })
})

describe("an execution that is interrupted", () => {
  const interrupted = (options: ExecuteOptions, args = 10_000) =>
    within(
      waiting,
      Effect.gen(function* () {
        const executing = yield* Effect.fork(Wait.execute(args, options))
        yield* advance("1 second")
        yield* Fiber.interrupt(executing)
        yield* advance("1 minute")
        return yield* verbs(({ getRuns, getJobs }) => Effect.all([getRuns(), getJobs()]))
      })
    )

  it("leaves the run alone", async () => {
    expect((await interrupted({}))[0]).toMatchObject([{ outcome: "succeeded" }])
  })

  it("cancels it where it is told to, or removes what has not begun", async () => {
    expect((await interrupted({ onInterrupt: "cancel" }))[0]).toMatchObject([{ outcome: "cancelled" }])
    const later = { onInterrupt: "cancel", at: 4_000_000_000_000 } as const
    expect(await interrupted(later)).toEqual([[], []])
  })
})

describe("a run of another day", () => {
  it("is read as it was, by the program that knows its definition", async () => {
    const store = () => ({ store: sqlite({ filename: join(directory, "jobs.db") }) })
    const runs = verbs(({ getRuns }) => getRuns({ outcome: ["failed", "succeeded"] }))
    await within(
      Layer.merge(mail, waiting),
      Effect.all(
        [
          moving(Effect.exit(SendLetter.execute(letter("nobody"), { id: "failing" }))),
          moving(Effect.exit(SendLetter.execute(letter("bug"), { id: "dying" }))),
          moving(SendLetter.execute(letter("ops"), { id: "succeeding" }))
        ],
        { discard: true }
      ),
      { ...store(), deadline: 0 }
    )
    const [tags, caught] = await within(
      Layer.empty,
      Effect.gen(function* () {
        const kept = yield* runs
        const tags = kept.map((run) => [run.jobId, described(SendLetter.exitOf(run))])
        const failed = kept.find(({ jobId }) => jobId === "failing")
        const caught = yield* SendLetter.awaitRun(failed?.runId ?? "").pipe(
          Effect.catchTag("Refused", (error) => Effect.succeed([error instanceof Refused, error.at]))
        )
        return [tags, caught] as const
      }),
      store()
    )
    expect(Object.fromEntries(tags)).toEqual({
      failing: "Fail Refused",
      dying: "Die TypeError",
      succeeding: at.toISOString()
    })
    expect(caught).toEqual([true, at])
  })

  it("is a defect where its schema has changed, and by what is kept in words", () => {
    const Older = Job.make({ name: "SendLetter", error: Schema.Struct({ code: Schema.Number }) })
    const run = { outcome: "failed", error: { name: "Refused", message: "no", cause: { _tag: "Fail", error: {} } } }
    expect(described(Older.exitOf(run as never))).toBe("Die Refused")
    expect(described(SendLetter.exitOf({ ...run, error: null } as never))).toBe("Die Error")
    expect(described(SendLetter.exitOf({ outcome: "interrupted" } as never))).toBe("Fail RunInterrupted")
    expect(SendLetter.exitOf({ outcome: null } as never)).toBeNull()
  })
})

const described = (exit: Exit.Exit<Date | void, unknown> | null): string => {
  if (exit === null) return "none"
  if (Exit.isSuccess(exit)) return exit.value instanceof Date ? exit.value.toISOString() : "nothing"
  const { cause } = exit
  const error = (cause._tag === "Fail" ? cause.error : cause._tag === "Die" ? cause.defect : null) as Record<
    string,
    string
  >
  return `${cause._tag} ${error["_tag"] ?? error["name"] ?? "?"}`
}
