/** The layer in programs as they are written: options from Config, a runtime that is kept, services by class. */
import { interval, task } from "carillon"
import { Scheduler } from "carillon/effect"
import type { LayerError } from "carillon/effect"
import { Config, ConfigError, ConfigProvider, Effect, Layer, ManagedRuntime } from "effect"
import { describe, expect, expectTypeOf, it } from "vitest"

const log: Array<string> = []

class Reports extends Effect.Service<Reports>()("test/Reports", {
  scoped: Effect.acquireRelease(Effect.succeed({ write: (name: string) => Effect.succeed(`wrote ${name}`) }), () =>
    Effect.sync(() => log.push("reports closed"))
  )
}) {}

const report = task("report", () => Effect.flatMap(Reports, ({ write }) => write("report")))

const configured = Layer.unwrapEffect(
  Effect.map(Config.all({ timezone: Config.string("TIMEZONE"), cachedJobs: Config.integer("CACHED") }), (options) =>
    Scheduler.layer({ ...options, tasks: [report] })
  )
)

const provided = (values: Readonly<Record<string, string>>) =>
  configured.pipe(
    Layer.provide(Reports.Default),
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(values)))))
  )

const once = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  const job = yield* scheduler.addJob({ id: "a", task: report, trigger: interval({ days: 1 }), ifExists: "replace" })
  return (yield* (yield* job.run()).settled).result
})

describe("a layer with options from Config", () => {
  it("requires and fails with what both need", () => {
    expectTypeOf(configured).toEqualTypeOf<Layer.Layer<Scheduler, LayerError | ConfigError.ConfigError, Reports>>()
  })

  it("serves a ManagedRuntime until that is disposed, and is released before the services of its tasks", async () => {
    const runtime = ManagedRuntime.make(provided({ TIMEZONE: "Europe/Oslo", CACHED: "10" }))
    expect([await runtime.runPromise(once), await runtime.runPromise(once)]).toEqual(["wrote report", "wrote report"])
    const { promises } = await runtime.runPromise(Scheduler)
    expect(log).toEqual([])
    await runtime.dispose()
    expect([log, (await promises.status()).state]).toEqual([["reports closed"], "stopped"])
  })

  it.each([
    ["the configuration lacks", { TIMEZONE: "Europe/Oslo" }, "MissingData"],
    ["the scheduler refuses", { TIMEZONE: "Nowhere/Land", CACHED: "10" }, "UnknownTimezoneError"]
  ])("fails with what %s", async (_, values, expected) => {
    const error = await Effect.runPromise(Effect.flip(Effect.provide(once, provided(values))))
    expect(ConfigError.isConfigError(error) ? error._op : error._tag).toBe(expected)
  })
})
