/** Jobs defined apart from their code: from a definition over layers of modules to what a program gets of a run. */
import { date, interval } from "carillon"
import { Job, Scheduler } from "carillon/effect"
import { Cause, Effect, Exit, Layer, Schema } from "effect"
import { beforeEach, describe, expect, it } from "vitest"
import { at, letter, mail, moving, Refused, SendLetter, sent, Sweep, within } from "./definedJobScene.ts"
import { advance, start } from "./effectScene.ts"

const failures = <A, E>(exit: Exit.Exit<A, E>) =>
  Exit.isFailure(exit) ? [[...Cause.failures(exit.cause)], [...Cause.defects(exit.cause)]] : "succeeded"

// Other files send letters too, in the same process.
beforeEach(() => void sent.splice(0))

describe("a job that is executed", () => {
  it("gives what its handler gives, with decoded arguments and a decoded result", async () => {
    expect(await within(mail, moving(SendLetter.execute(letter("ops"))))).toEqual(at)
    expect(sent.splice(0)).toEqual(["ops"])
  })

  it("is stored encoded", async () => {
    await within(
      mail,
      Effect.gen(function* () {
        const { getJob, getRuns } = yield* Scheduler
        const jobId = yield* SendLetter.enqueue(letter("ops"), { id: "first" })
        const job = yield* getJob(jobId)
        expect([jobId, job?.task, job?.args]).toEqual(["first", "SendLetter", { to: "ops", at: at.toISOString() }])
        expect(yield* moving(SendLetter.await("first"))).toEqual(at)
        expect((yield* getRuns()).map(({ result }) => result)).toEqual([at.toISOString()])
        expect(sent.splice(0)).toEqual(["ops"])
      })
    )
  })

  it("fails with the handler's own error, decoded", async () => {
    const caught = SendLetter.execute(letter("nobody")).pipe(
      Effect.catchTag("Refused", (error) => Effect.succeed([error instanceof Refused, error.to, error.at]))
    )
    expect(await within(mail, moving(caught))).toEqual([true, "nobody", at])
  })

  it("dies of what is a bug in its handler", async () => {
    const exit = await within(mail, moving(Effect.exit(SendLetter.execute(letter("bug")))))
    expect(failures(exit)).toMatchObject([[], [{ name: "TypeError", message: "no such thing" }]])
  })

  it("has no arguments and gives nothing where it says nothing of them", async () => {
    const swept: Array<unknown> = []
    const code = Sweep.toLayer(({ args }) => Effect.sync(() => void swept.push(args)))
    expect(await within(code, moving(Sweep.execute()))).toBeUndefined()
    expect(swept).toEqual([null])
  })

  it("keeps all failures of a cause, and its defects, and tells them apart", async () => {
    const Both = Job.make({ name: "Both", error: Refused })
    const refused = (to: string) => new Refused({ to, at })
    const code = Both.toLayer(() =>
      Effect.all([Effect.fail(refused("a")), Effect.fail(refused("b"))], { concurrency: 2 }).pipe(
        Effect.ensuring(Effect.die(new RangeError("in the end"))),
        Effect.asVoid
      )
    )
    const [exit, kept] = await within(
      code,
      Effect.gen(function* () {
        const exit = yield* moving(Effect.exit(Both.execute()))
        const [run] = yield* (yield* Scheduler).getRuns()
        return [exit, run] as const
      })
    )
    expect(failures(exit)).toMatchObject([
      [refused("a"), refused("b")],
      [{ name: "RangeError", message: "in the end" }]
    ])
    expect(kept?.error?.name).toBe("Refused")
    expect(kept && failures(Both.exitOf(kept) ?? Exit.void)).toEqual(failures(exit))
  })

  it("keeps the first failure of a cause that is too long, and of an error that is too long its description", async () => {
    const Long = Job.make({ name: "Long", args: Schema.Number, error: Schema.String })
    const code = Long.toLayer(({ args }) =>
      Effect.all(
        Array.from({ length: 50 }, (_, index) => Effect.fail(`${index} ${"x".repeat(args)}`)),
        { concurrency: "unbounded", discard: true, mode: "default" }
      )
    )
    const of = (length: number) => moving(Effect.exit(Long.execute(length)))
    const [some, more, most] = await within(code, Effect.all([of(10), of(5_000), of(100_000)]))
    expect(failures(some)[0]?.length).toBe(50)
    expect(failures(more)).toEqual([[`0 ${"x".repeat(5_000)}`], []])
    expect(failures(most)).toMatchObject([
      [],
      [{ name: "string", message: expect.stringMatching(/^0 x+…$/) as string }]
    ])
  })

  it("dies where its handler gives what its schema refuses", async () => {
    const Wrong = Job.make({ name: "Wrong", success: Schema.Number })
    const code = Wrong.toLayer(() => Effect.succeed("text" as unknown as number))
    const exit = await within(code, moving(Effect.exit(Wrong.execute())))
    expect(failures(exit)).toMatchObject([[], [{ name: "ParseError" }]])
  })

  it("under an id that is taken is the job that has it", async () => {
    const [first, second] = await within(
      mail,
      moving(
        Effect.all([SendLetter.execute(letter("ops"), { id: "a" }), SendLetter.execute(letter("boss"), { id: "a" })])
      )
    )
    expect([first, second, sent.splice(0)]).toEqual([at, at, ["ops"]])
  })

  it("begins at an instant where one is given", async () => {
    await within(
      mail,
      Effect.gen(function* () {
        yield* SendLetter.enqueue(letter("later"), { id: "a", at: start + 30_000 })
        yield* advance("29 seconds")
        expect(sent).toEqual([])
        yield* advance("1 second")
        expect(sent.splice(0)).toEqual(["later"])
      })
    )
  })

  it("takes the definition's rules, unless it has its own", async () => {
    let attempts = 0
    const Flaky = Job.make({ name: "Flaky", error: Schema.String, rules: { retry: { attempts: 3, backoff: 0 } } })
    const code = Flaky.toLayer(() => Effect.suspend(() => Effect.fail(`attempt ${++attempts}`)))
    const once = { retry: null }
    const told = await within(
      code,
      Effect.all([moving(Effect.flip(Flaky.execute())), moving(Effect.flip(Flaky.execute(undefined, once)))])
    )
    expect(told).toEqual(["attempt 3", "attempt 4"])
  })
})

describe("a job that waits for its code", () => {
  it("runs when a layer brings it", async () => {
    const given = await within(
      Layer.empty,
      Effect.gen(function* () {
        const jobId = yield* SendLetter.enqueue(letter("ops"))
        yield* advance("1 minute")
        expect((yield* (yield* Scheduler).status).unclaimed).toMatchObject([{ missing: "task", name: "SendLetter" }])
        return yield* Effect.provide(moving(SendLetter.await(jobId)), mail)
      })
    )
    expect([given, sent.splice(0)]).toEqual([at, ["ops"]])
  })

  it("runs at once on request only where its code is", async () => {
    const failed = await within(
      Layer.empty,
      Effect.gen(function* () {
        const jobId = yield* SendLetter.enqueue(letter("ops"), { at: start + 60_000 })
        return yield* Effect.flip((yield* Scheduler).runJob(jobId))
      })
    )
    expect(failed._tag).toBe("UnknownTaskError")
  })
})

describe("a job that is scheduled by a layer", () => {
  it("runs, whatever the order of the layers, and stays when they are released", async () => {
    let swept = 0
    const code = Sweep.toLayer(() =>
      Effect.sync(() => {
        swept += 1
      })
    )
    await within(
      Layer.empty,
      Effect.gen(function* () {
        const layers = Layer.mergeAll(Sweep.schedule(interval("20 seconds")), code)
        yield* Effect.provide(advance("1 minute"), layers)
        expect(swept).toBe(3)
        yield* advance("1 minute")
        expect(swept).toBe(3)
        const { getJob } = yield* Scheduler
        expect((yield* getJob("Sweep"))?.state).toBe("scheduled")
        yield* Effect.provide(advance("1 second"), layers)
        expect(swept).toBe(4)
      })
    )
  })

  it("is refused where another layer has scheduled its id", async () => {
    const once = Sweep.schedule(date(start))
    const error = await within(
      Layer.empty,
      Effect.flip(Layer.build(Layer.merge(once, Layer.fresh(once))).pipe(Effect.scoped))
    )
    expect(error).toMatchObject({ _tag: "DuplicateJobError", jobId: "Sweep" })
  })
})

describe("a definition", () => {
  it.each([
    ["no name", { name: "" }, "name"],
    ["an unknown part", { name: "a", payload: Schema.String }, "the definition"],
    ["a success that is no schema", { name: "a", success: "text" }, "success"],
    ["nothing", null, "the definition"]
  ])("of %s is refused", (_, given, field) => {
    expect(() => Job.make(given as never)).toThrow(
      expect.objectContaining({ _tag: "InvalidTaskError", field }) as Error
    )
  })

  it("has one code at a time, and one definition a name", async () => {
    const other = Job.make({ name: "Sweep" })
    const code = Sweep.toLayer(() => Effect.void)
    const build = (layer: Layer.Layer<never, { readonly _tag: string }, Scheduler>) =>
      Effect.flip(Effect.scoped(Layer.build(Layer.merge(code, layer))))
    expect(await within(Layer.empty, build(Sweep.toLayer(() => Effect.void)))).toMatchObject({
      _tag: "DuplicateTaskError"
    })
    expect(await within(Layer.empty, build(other.toLayer(() => Effect.void)))).toMatchObject({
      _tag: "DuplicateTaskError"
    })
  })
})
