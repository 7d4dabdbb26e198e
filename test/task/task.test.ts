import { Context, Effect, Schema } from "effect"
import { of } from "rxjs"
import { describe, expect, expectTypeOf, it } from "vitest"
import { fromPromise } from "xstate"
import type { AnyTask, Task, TaskInput, TaskRequirements } from "../../src/task/task.ts"
import { InvalidTaskError, task } from "../../src/task/task.ts"
import type { Json, Trigger } from "../../src/trigger/trigger.ts"

class Mailer extends Context.Tag("Mailer")<Mailer, { readonly send: (to: string) => Effect.Effect<void> }>() {}

const never: Trigger = { type: "never", next: () => undefined, toJSON: () => ({ type: "never" }) }

describe("task, its types", () => {
  it("gives the handler what an Effect Schema decodes to, and takes what it encodes to", () => {
    const sum = task("sum", ({ args }) => args.count + 1, { args: Schema.Struct({ count: Schema.NumberFromString }) })
    expectTypeOf(sum.name).toEqualTypeOf<"sum">()
    expectTypeOf(sum).toEqualTypeOf<Task<"sum", { readonly count: number }, never, { readonly count: string }>>()
    expectTypeOf<TaskInput<typeof sum>>().toEqualTypeOf<{ readonly count: string }>()
  })

  it("gives the handler a Standard Schema's output", () => {
    const port = task("port", ({ args }) => args.toFixed(), { args: portSchema })
    expectTypeOf(port).toEqualTypeOf<Task<"port", number, never, string>>()
  })

  it("gives the handler JSON when there is no schema, or what it declares", () => {
    task("free", ({ args }) => expectTypeOf(args).toEqualTypeOf<Json>())
    const declared = task("declared", (context: { readonly args: { readonly to: string } }) => context.args.to)
    expectTypeOf(declared).toEqualTypeOf<Task<"declared", { readonly to: string }>>()
  })

  it("knows what an Effect requires, given or promised", () => {
    const send = Effect.flatMap(Mailer, (mailer) => mailer.send("ops"))
    const given = task("given", () => send)
    const promised = task("promised", async () => send)
    const direct = task("direct", send)
    const schema = task("schema", ({ args }) => Effect.as(send, args), { args: Schema.String })
    expectTypeOf<TaskRequirements<typeof given>>().toEqualTypeOf<Mailer>()
    expectTypeOf<TaskRequirements<typeof promised>>().toEqualTypeOf<Mailer>()
    expectTypeOf<TaskRequirements<typeof direct>>().toEqualTypeOf<Mailer>()
    expectTypeOf<TaskRequirements<typeof schema>>().toEqualTypeOf<Mailer>()
    // @ts-expect-error -- a scheduler without layers takes no task that requires one
    const plain: ReadonlyArray<AnyTask> = [given]
    const layered: ReadonlyArray<AnyTask<Mailer>> = [given, promised, direct, schema]
    expect([...plain, ...layered]).toHaveLength(5)
  })

  it("requires nothing for everything else", () => {
    const tasks = [
      task("plain", () => 1),
      task("promise", async () => 1),
      task("effect", () => Effect.succeed(1)),
      task("observable", () => of(1)),
      task("observable itself", of(1)),
      task("logic", () => fromPromise(async () => 1)),
      task(
        "logic itself",
        fromPromise(async () => 1)
      ),
      task("schema", ({ args }) => args, { args: Schema.String }),
      task("unknown", (): unknown => 1)
    ]
    expectTypeOf(tasks).toExtend<ReadonlyArray<AnyTask>>()
    expectTypeOf<TaskRequirements<(typeof tasks)[number]>>().toEqualTypeOf<never>()
  })

  it("demands a declared job's arguments where the schema does", () => {
    const sum = task("sum", ({ args }) => args.count, { args: Schema.Struct({ count: Schema.Number }) })
    const free = task("free", () => 1)
    sum.scheduled(never, { id: "a", args: { count: 1 } })
    free.scheduled(never)
    free.scheduled(never, { timeout: "5 seconds" })
    // @ts-expect-error -- no arguments
    sum.scheduled(never)
    // @ts-expect-error -- wrong arguments
    sum.scheduled(never, { args: { count: "1" } })
    // @ts-expect-error -- unknown option
    free.scheduled(never, { timeOut: 5 })
  })
})

describe("task", () => {
  it("is immutable", () => {
    const report = task("report", () => 1, { executor: "slow" })
    expect(Object.isFrozen(report)).toBe(true)
    expect(Object.isFrozen(report.options)).toBe(true)
    expect(Object.isFrozen(report.declared)).toBe(true)
  })

  it("does not follow changes of the options it was given", () => {
    const options: { executor: string } = { executor: "slow" }
    const report = task("report", () => 1, options)
    options.executor = "other"
    expect(report.options).toEqual({ executor: "slow" })
  })

  it("declares jobs in order, each on a task of its own", () => {
    const report = task("report", () => 1)
    const daily = report.scheduled(never, { id: "daily" })
    const both = daily.scheduled(never, { id: "hourly", args: [1] })
    expect(report.declared).toEqual([])
    expect(daily.declared).toEqual([{ trigger: never, options: { id: "daily" } }])
    expect(both.declared.map(({ options }) => options)).toEqual([{ id: "daily" }, { id: "hourly", args: [1] }])
    expect([both.name, both.handler]).toEqual([report.name, report.handler])
  })

  it("takes names up to 255 characters of any script", () => {
    for (const name of ["a", "日報", "__proto__", "'; DROP TABLE job; --", "😀", "x".repeat(255)]) {
      expect(task(name, () => 1).name).toBe(name)
    }
  })

  const loose = task as unknown as (...given: ReadonlyArray<unknown>) => AnyTask
  it.each([
    ["an empty name", ["", () => 1], { field: "name", found: '""' }],
    ["a long name", ["x".repeat(256), () => 1], { field: "name", found: "256 characters" }],
    ["a name with a lone surrogate", ["a\ud800", () => 1], { field: "name" }],
    ["a name that is no text", [7, () => 1], { field: "name", found: "7" }],
    ["no handler", ["a"], { field: "handler", found: "undefined" }],
    ["a handler that is plain data", ["a", { run: 1 }], { field: "handler", found: "an object" }],
    ["a promise for a handler", ["a", Promise.resolve(1)], { field: "handler", found: "an instance of Promise" }],
    ["an unknown option", ["a", () => 1, { retry: 1 }], { field: "options", found: '"retry"' }],
    ["options that are no object", ["a", () => 1, 5], { field: "options", found: "5" }],
    ["a schema that is none", ["a", () => 1, { args: {} }], { field: "args", found: "an object" }],
    ["a retryWhen that is no function", ["a", () => 1, { retryWhen: true }], { field: "retryWhen", found: "true" }],
    ["an executor without a name", ["a", () => 1, { executor: "" }], { field: "executor", found: '""' }]
  ])("refuses %s", (_, given, expected) => {
    const error = thrownBy(() => loose(...given))
    expect(error).toBeInstanceOf(InvalidTaskError)
    expect(error).toMatchObject(expected)
  })

  it("refuses a declared job without a trigger", () => {
    const report = task("report", () => 1)
    const error = thrownBy(() => report.scheduled("0 9 * * *" as unknown as Trigger))
    expect(error).toMatchObject({ _tag: "InvalidTaskError", task: "report", found: '"0 9 * * *"' })
  })
})

const portSchema = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    types: {} as { readonly input: string; readonly output: number },
    validate: (value: unknown) => ({ value: Number(value) })
  }
}

const thrownBy = (call: () => unknown): unknown => {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}
