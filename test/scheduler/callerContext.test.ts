/** What a run knows of who asked for it: the span, and what of the caller's context travels. */
import { interval, task } from "carillon"
import { carry, Job, Scheduler } from "carillon/effect"
import { sqlite } from "carillon/sqlite"
import { virtualClock } from "carillon/testing"
import { Effect, FiberRef, Layer, Schema, Tracer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeEach, describe, expect, it } from "vitest"
import { moving } from "./definedJobScene.ts"
import { advance, start } from "./effectScene.ts"

const directory = mkdtempSync(join(tmpdir(), "carillon-caller-"))
afterAll(() => rmSync(directory, { recursive: true }))

/** A tracer that notes which spans a span is linked to. */
const linking = (links: Array<readonly [name: string, to: ReadonlyArray<string>]>): Tracer.Tracer => {
  let made = 0
  return Tracer.make({
    span: (name, parent, context, given, startTime, kind) => {
      links.push([name, given.map(({ span }) => `${span.traceId}/${span.spanId}`)])
      return {
        ...({
          _tag: "Span",
          name,
          spanId: `${name}-${++made}`,
          traceId: "trace",
          parent,
          context,
          links: given
        } as const),
        ...{ status: { _tag: "Started", startTime }, attributes: new Map(), sampled: true, kind },
        ...{ end: () => undefined, attribute: () => undefined, event: () => undefined, addLinks: () => undefined }
      }
    },
    context: (execution) => execution()
  })
}

const Tenant = FiberRef.unsafeMake("nobody")
const seen: Array<string> = []
beforeEach(() => void seen.splice(0))
const note = Effect.map(FiberRef.get(Tenant), (tenant) => void seen.push(tenant))
const Note = Job.make({ name: "Note" })
const noted = task("noted", () => note)
const context = { tenant: carry(Tenant, Schema.String) }

const noteLayer = (options = {}) =>
  Note.toLayer(() => note).pipe(Layer.provideMerge(Scheduler.layer({ tasks: [noted], context, ...options })))

const onClock = <A, E>(program: Effect.Effect<A, E>) =>
  Effect.runPromise(Effect.withClock(program, virtualClock(start)))

describe("the span of an attempt", () => {
  it("is linked to the span that asked for its run, or else for its job", async () => {
    const links: Array<readonly [string, ReadonlyArray<string>]> = []
    await onClock(
      Effect.gen(function* () {
        const { addJob, runJob, retryRun } = yield* Scheduler
        yield* addJob({ id: "a", task: "noted", trigger: interval("30 seconds") }).pipe(Effect.withSpan("adding"))
        yield* advance("30 seconds")
        const { runId } = yield* runJob("a").pipe(Effect.withSpan("running"))
        yield* advance("1 second")
        expect(yield* Effect.flip(retryRun(runId))).toMatchObject({ _tag: "RunStateError" })
        yield* moving(Effect.withSpan(Note.execute(), "executing"))
      }).pipe(Effect.provide(noteLayer()), Effect.withTracer(linking(links)))
    )
    const ofRuns = links.filter(([name]) => name === "carillon.run").map(([, to]) => to)
    expect(ofRuns.slice(0, 3)).toEqual([["trace/adding-1"], ["trace/running-3"], [expect.stringMatching(/executing/)]])
  })

  it("is linked to nothing where nobody was traced", async () => {
    const links: Array<readonly [string, ReadonlyArray<string>]> = []
    await onClock(moving(Note.execute()).pipe(Effect.provide(noteLayer()), Effect.withTracer(linking(links))))
    expect(links).toEqual([["carillon.run", []]])
  })
})

describe("a FiberRef that is carried", () => {
  it("has the caller's value in every attempt, and its own where nobody has set it", async () => {
    await onClock(
      Effect.gen(function* () {
        const { addJob } = yield* Scheduler
        const job = yield* addJob({ id: "a", task: "noted", trigger: interval("30 seconds") }).pipe(
          Effect.locally(Tenant, "adder")
        )
        yield* advance("30 seconds")
        yield* Effect.locally(job.run(), Tenant, "runner")
        yield* moving(Note.execute())
        yield* Effect.locally(moving(Note.execute()), Tenant, "executor")
      }).pipe(Effect.provide(noteLayer()))
    )
    expect(seen.splice(0).filter((tenant) => tenant !== "adder")).toEqual(["runner", "nobody", "executor"])
  })

  it("is there after a restart", async () => {
    const store = () => sqlite({ filename: join(directory, "jobs.db") })
    await onClock(
      Note.enqueue(undefined, { id: "a", at: start + 3_600_000 }).pipe(
        Effect.locally(Tenant, "yesterday"),
        Effect.provide(noteLayer({ store: store() }))
      )
    )
    await onClock(Effect.provide(advance("2 hours"), noteLayer({ store: store() })))
    expect(seen.splice(0)).toEqual(["yesterday"])
  })

  it("refuses a verb where it is too long, and what is no such thing when the layer is built", async () => {
    const tooLong = Effect.flatMap(Scheduler, ({ addJob }) =>
      Effect.flip(addJob({ id: "a", task: "noted" }).pipe(Effect.locally(Tenant, "x".repeat(5_000))))
    )
    expect(await onClock(Effect.provide(tooLong, noteLayer()))).toMatchObject({
      _tag: "InvalidJobError",
      jobId: "a",
      field: "context.tenant"
    })
    const wrong = Scheduler.layer({ context: { tenant: Tenant as never } })
    expect(await onClock(Effect.flip(Effect.scoped(Layer.build(wrong))))).toMatchObject({
      _tag: "InvalidOptionError",
      option: "context.tenant"
    })
  })

  it("leaves a job as it is that is added again by another caller", async () => {
    const events = await onClock(
      Effect.gen(function* () {
        const { addJob, promises } = yield* Scheduler
        const told: Array<string> = []
        promises.on(["JobAdded", "JobModified"], ({ type }) => void told.push(type))
        const add = addJob({ id: "a", task: "noted", trigger: interval("1 hour"), ifExists: "replace" })
        yield* Effect.locally(add, Tenant, "first")
        yield* Effect.locally(add, Tenant, "second")
        return told
      }).pipe(Effect.provide(noteLayer()))
    )
    expect(events).toEqual(["JobAdded"])
  })
})
