/** Stores as layers, options from Config, and what the Effect face shows of them as Streams. */
import { interval, memory, task } from "carillon"
import type { JobStore } from "carillon"
import { Scheduler, Store } from "carillon/effect"
import type { LayerError } from "carillon/effect"
import type { InvalidSqliteOption } from "carillon/sqlite"
import { SqliteStore } from "carillon/sqlite"
import { virtualClock } from "carillon/testing"
import { Chunk, Config, ConfigError, ConfigProvider, Effect, Fiber, Layer, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, expectTypeOf, it } from "vitest"
import { advance, run, start } from "./effectScene.ts"

const directory = mkdtempSync(join(tmpdir(), "carillon-store-layer-"))
afterAll(() => rmSync(directory, { recursive: true }))

const hello = task("hello", () => "hi")

const environment = (values: Readonly<Record<string, string>>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(values))))

const ids = Effect.gen(function* () {
  const { addJob, getJobs, status } = yield* Scheduler
  yield* addJob({ id: "a", task: hello, trigger: interval("1 hour"), ifExists: "keep" })
  const kinds = (yield* status).stores.map(({ description }) => description.split(" ")[0])
  return [kinds, (yield* getJobs()).map(({ id, runCount }) => [id, runCount])]
})

describe("a store that is a layer", () => {
  const filename = join(directory, "jobs.db")
  const configured = SqliteStore.layerConfig({ filename: Config.string("JOBS_DB"), durability: "normal" })
  const scheduler = Scheduler.layer({ tasks: [hello] })

  it("is where the jobs of a scheduler live that is given none, from one start to the next", async () => {
    for (let starts = 0; starts < 2; starts++) {
      const stored = scheduler.pipe(Layer.provide(SqliteStore.layer({ filename })))
      expect(await Effect.runPromise(Effect.provide(ids, stored))).toEqual([["sqlite"], [["a", 0]]])
    }
    const fromConfig = scheduler.pipe(Layer.provide(configured), Layer.provide(environment({ JOBS_DB: filename })))
    expect(await Effect.runPromise(Effect.provide(ids, fromConfig))).toEqual([["sqlite"], [["a", 0]]])
  })

  it("gives way to the scheduler's own", async () => {
    const broken: JobStore = { ...memory(), open: () => Effect.dieMessage("not this one") }
    const own = Scheduler.layer({ tasks: [hello], store: memory() }).pipe(Layer.provide(Layer.succeed(Store, broken)))
    expect(await Effect.runPromise(Effect.provide(ids, own))).toEqual([["memory"], [["a", 0]]])
  })

  it("fails with what its options are refused for, or its configuration lacks", async () => {
    expectTypeOf(configured).toEqualTypeOf<Layer.Layer<Store, InvalidSqliteOption | ConfigError.ConfigError>>()
    const refused = SqliteStore.layer({ filename: "" })
    expect(await Effect.runPromise(Effect.flip(Effect.scoped(Layer.build(refused))))).toMatchObject({
      _tag: "InvalidSqliteOption",
      option: "filename"
    })
    const lacking = configured.pipe(Layer.provide(environment({})))
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(Layer.build(lacking))))
    expect(ConfigError.isConfigError(error) && error._op).toBe("MissingData")
  })
})

describe("options of a layer from Config", () => {
  const layer = Scheduler.layerConfig({
    tasks: [hello],
    timezone: Config.string("TIMEZONE"),
    cachedJobs: Config.integer("CACHED").pipe(Config.withDefault(10))
  })

  it("are read when the layer is built", async () => {
    expectTypeOf(layer).toEqualTypeOf<Layer.Layer<Scheduler, LayerError | ConfigError.ConfigError>>()
    const inOslo = layer.pipe(Layer.provide(environment({ TIMEZONE: "Europe/Oslo" })))
    expect(await Effect.runPromise(Effect.provide(ids, inOslo))).toEqual([["memory"], [["a", 0]]])
    const nowhere = layer.pipe(Layer.provide(environment({ TIMEZONE: "Nowhere/Land" })))
    expect(await Effect.runPromise(Effect.flip(Effect.provide(ids, nowhere)))).toMatchObject({
      _tag: "UnknownTimezoneError"
    })
  })

  it("are refused where they are none", async () => {
    const none = Effect.provide(ids, Scheduler.layerConfig(null as never))
    expect(await Effect.runPromise(Effect.flip(none))).toMatchObject({ _tag: "InvalidOptionError" })
  })
})

describe("lists as Streams", () => {
  it("show jobs and runs as they change, and end with the scheduler", async () => {
    const seen: Array<readonly [list: string, shown: unknown]> = []
    await Effect.gen(function* () {
      const { addJob, jobs, runs, statusChanges } = yield* Scheduler
      const watching = yield* Effect.fork(
        Effect.all(
          [
            Stream.runForEach(jobs(), (list) => Effect.sync(() => seen.push(["jobs", list.map(({ id }) => id)]))),
            Stream.runForEach(runs({ outcome: "succeeded" }), (list) =>
              Effect.sync(() => seen.push(["runs", list.length]))
            ),
            Stream.runLast(statusChanges)
          ],
          { concurrency: "unbounded" }
        )
      )
      yield* advance("1 second")
      yield* addJob({ id: "a", task: hello, trigger: interval("1 hour") })
      yield* advance("1 hour")
      const { promises } = yield* Scheduler
      yield* Effect.promise(() => promises.shutdown())
      const [, , last] = yield* Fiber.join(watching)
      expect(last).toMatchObject({ value: { state: "stopped" } })
    }).pipe(
      Effect.provide(Scheduler.layer({ tasks: [hello] })),
      Effect.withClock(virtualClock(start)),
      Effect.runPromise
    )
    expect(seen).toContainEqual(["jobs", []])
    expect(seen).toContainEqual(["jobs", ["a"]])
    expect(seen.filter(([list]) => list === "runs")).toEqual([
      ["runs", 0],
      ["runs", 1]
    ])
  })

  it("fail with what a query is refused for", async () => {
    const refused = await Effect.runPromise(
      run({}, ({ jobs, runs }) =>
        Effect.all([
          Effect.flip(Stream.runCollect(jobs({ limit: -1 }))),
          Effect.flip(Stream.runCollect(runs({ from: "nonsense" })).pipe(Effect.map(Chunk.toArray)))
        ])
      )
    )
    expect(refused.map(({ _tag }) => _tag)).toEqual(["InvalidOptionError", "InvalidInstantError"])
  })
})
