/** What an Effect program sees of its attempts: spans, log annotations, metrics. */
import { date, interval, task } from "carillon"
import type { AnyTask } from "carillon"
import type { LayerOptions } from "carillon/effect"
import { Scheduler } from "carillon/effect"
import { virtualClock } from "carillon/testing"
import type { Scope } from "effect"
import { Effect, Layer, Metric, Option, Tracer } from "effect"
import { describe, expect, it } from "vitest"
import type { LogLine } from "./effectScene.ts"
import { advance, keepingLog, run, start } from "./effectScene.ts"

/** A span as it was when it ended. */
interface Ended {
  readonly name: string
  readonly parent: string | null
  readonly attributes: Readonly<Record<string, unknown>>
  readonly exit: string
}

/** A tracer that keeps the spans that have ended. */
const recording = (spans: Array<Ended>): Tracer.Tracer => {
  let made = 0
  return Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      const span: Tracer.Span = {
        _tag: "Span",
        name,
        spanId: `span-${++made}`,
        traceId: "trace",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes,
        links,
        sampled: true,
        kind,
        end: (_, exit) => {
          const above = Option.getOrNull(parent)
          const parentName = above === null ? null : above._tag === "Span" ? above.name : above.spanId
          spans.push({ name, parent: parentName, attributes: Object.fromEntries(attributes), exit: exit._tag })
        },
        attribute: (key, value) => void attributes.set(key, value),
        event: () => undefined,
        addLinks: () => undefined
      }
      return span
    },
    context: (execution) => execution()
  })
}

describe("an attempt's span", () => {
  it("is carillon.run, a root, with what the attempt is about", async () => {
    const spans: Array<Ended> = []
    const late = task("late", () =>
      Effect.annotateCurrentSpan("own", "yes").pipe(
        Effect.andThen(Effect.void.pipe(Effect.withSpan("inside"))),
        Effect.as("done")
      )
    )
    await Effect.runPromise(
      traced(spans, { tasks: [late] }, (scheduler) =>
        Effect.gen(function* () {
          yield* scheduler.pause
          yield* scheduler.addJob({ id: "a", task: late, trigger: date(start + 1_000) })
          yield* advance("3 seconds")
          yield* scheduler.resume
          yield* advance("1 second")
          const [only] = yield* scheduler.getRuns()
          expect(spans).toEqual([
            { name: "inside", parent: "carillon.run", attributes: {}, exit: "Success" },
            {
              name: "carillon.run",
              parent: null,
              attributes: {
                "carillon.job": "a",
                "carillon.run": only?.runId,
                "carillon.task": "late",
                "carillon.attempt": 1,
                "carillon.lateness_ms": 2_000,
                own: "yes"
              },
              exit: "Success"
            }
          ])
        })
      )
    )
    expect(spans.map(({ name }) => name)).toEqual(["inside", "carillon.run", "building"])
  })

  it("is each attempt's own, and ends after what it has acquired is released", async () => {
    const spans: Array<Ended> = []
    const failing = task("failing", () =>
      Effect.andThen(
        Effect.acquireRelease(Effect.void, () => Effect.void.pipe(Effect.withSpan("release"))),
        Effect.fail("no")
      )
    )
    await Effect.runPromise(
      traced(spans, { tasks: [failing] }, (scheduler) =>
        Effect.gen(function* () {
          const retry = { attempts: 2, backoff: "1 second" as const }
          yield* scheduler.addJob({ id: "a", task: failing, trigger: date(start), retry })
          yield* advance("10 seconds")
        })
      )
    )
    const told = spans.map(({ name, attributes, exit }) => [name, attributes["carillon.attempt"], exit])
    const each = (attempt: number) => [
      ["release", undefined, "Success"],
      ["carillon.run", attempt, "Failure"]
    ]
    expect(told).toEqual([...each(1), ...each(2), ["building", undefined, "Success"]])
  })

  it("is not made of a function, nor by a program without a tracer", async () => {
    const spans: Array<Ended> = []
    const plain = task("plain", () => "done")
    await Effect.runPromise(traced(spans, { tasks: [plain] }, once(plain)))
    expect(spans.map(({ name }) => name)).toEqual(["building"])
    const asking = task("asking", () => Effect.option(Effect.currentSpan))
    let seen: unknown
    const watched = task("watched", () => Effect.tap(Effect.option(Effect.currentSpan), (span) => (seen = span)))
    await Effect.runPromise(run({ tasks: [asking, watched] }, once(watched)))
    expect(seen).toEqual(Option.none())
  })
})

describe("what a task logs", () => {
  it("is annotated with its job and run, and so is what is logged at its release", async () => {
    const lines: Array<LogLine> = []
    const chatty = task("chatty", () =>
      Effect.andThen(
        Effect.acquireRelease(Effect.log("acquired"), () => Effect.log("released")),
        Effect.log("works")
      )
    )
    const runId = await run({ tasks: [chatty] }, (scheduler) =>
      Effect.gen(function* () {
        yield* once(chatty)(scheduler)
        return (yield* scheduler.getRuns())[0]?.runId
      })
    ).pipe(Effect.provide(keepingLog(lines)), Effect.annotateLogs("program", "mine"), Effect.runPromise)
    const annotations = { jobId: "a", runId, program: "mine" }
    expect(lines.map(({ message, annotations: own }) => [message, own])).toEqual([
      ["acquired", annotations],
      ["works", annotations],
      ["released", annotations]
    ])
  })
})

describe("metrics", () => {
  it("count an attempt whose result is refused as failed", async () => {
    const refused = task(
      "refused",
      Effect.succeed(() => "what nothing runs")
    )
    const { error } = await Effect.runPromise(
      run({ tasks: [refused] }, (scheduler) =>
        Effect.gen(function* () {
          yield* once(refused)(scheduler)
          return (yield* scheduler.getRuns())[0] ?? { error: null }
        })
      )
    )
    expect(error?.name).toBe("UnrunResultError")
    const counted = (await metric("carillon_attempts_total")).filter(({ tags }) => tags["task"] === "refused")
    expect(counted.map(({ tags, state }) => [tags["outcome"], state])).toMatchObject([["failed", { count: 1 }]])
  })

  it("count attempts by task and outcome, and how late the first ones began", async () => {
    const names = ["succeeded", "failed", "timedOut", "cancelled"].map((outcome) => `counted ${outcome}`)
    const tasks = [
      task(names[0] ?? "", Effect.succeed("done")),
      task(names[1] ?? "", Effect.fail("no")),
      task(names[2] ?? "", Effect.never),
      task(names[3] ?? "", Effect.never)
    ]
    await run({ tasks }, (scheduler) =>
      Effect.gen(function* () {
        yield* scheduler.pause
        for (const name of names) {
          const timeout = name.endsWith("timedOut") ? ("5 seconds" as const) : null
          const retry = name.endsWith("failed") ? { attempts: 3, backoff: "1 second" as const } : null
          yield* scheduler.addJob({ id: name, task: name, trigger: date(start), timeout, retry })
        }
        yield* advance("2 seconds")
        yield* scheduler.resume
        yield* advance("20 seconds")
        const [waiting] = yield* scheduler.getRuns({ live: true })
        yield* scheduler.cancelRun(waiting?.runId ?? "")
      })
    ).pipe(Effect.tagMetrics("program", "mine"), Effect.runPromise)
    const counted = await metric("carillon_attempts_total")
    expect(counted.map(({ tags, state }) => [tags, (state as { readonly count?: number }).count])).toEqual(
      expect.arrayContaining([
        [{ program: "mine", task: "counted succeeded", outcome: "succeeded" }, 1],
        [{ program: "mine", task: "counted failed", outcome: "failed" }, 3],
        [{ program: "mine", task: "counted timedOut", outcome: "timedOut" }, 1],
        [{ program: "mine", task: "counted cancelled", outcome: "cancelled" }, 1]
      ])
    )
    const late = (await metric("carillon_lateness_ms")).filter(({ tags }) => tags["task"] === "counted failed")
    expect(late.map(({ tags, state }) => [tags, state])).toMatchObject([
      [
        { program: "mine", task: "counted failed" },
        { count: 1, sum: 2_000 }
      ]
    ])
  })
})

/** Runs a job of the task once. */
const once = (given: AnyTask) => (scheduler: Scheduler["Type"]) =>
  Effect.gen(function* () {
    const job = yield* scheduler.addJob({ id: "a", task: given.name, trigger: interval({ days: 1 }) })
    yield* (yield* job.run()).settled
  })

/** The program of `run` with a tracer, whose layer is built inside of a span that ends before the first run. */
const traced = <T extends AnyTask<Scope.Scope>, A, E>(
  spans: Array<Ended>,
  options: LayerOptions<T>,
  use: (scheduler: Scheduler["Type"]) => Effect.Effect<A, E>
) =>
  Effect.suspend(() =>
    Effect.flatMap(Scheduler, use).pipe(
      Effect.provide(Scheduler.layer(options).pipe(Layer.withSpan("building"))),
      Effect.withTracer(recording(spans)),
      Effect.withClock(virtualClock(start))
    )
  )

const metric = async (name: string) =>
  (await Effect.runPromise(Metric.snapshot))
    .filter(({ metricKey }) => metricKey.name === name)
    .map(({ metricKey, metricState }) => ({
      tags: Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value])),
      state: metricState
    }))
