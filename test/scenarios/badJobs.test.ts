/** Jobs that cannot be accepted: a typed error that names the job and what was allowed, and nothing is written. */
import { Schema } from "effect"
import { NEVER } from "rxjs"
import { beforeAll, afterAll, describe, expect, it } from "vitest"
import { createScheduler, cron, date, interval, memory, stream, task } from "../../src/index.ts"
import type { JobInput, Scheduler } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { midnight, newWorld } from "./world.ts"

const typed = task("typed", () => null, { args: Schema.Struct({ to: Schema.String }) })
/** A Standard Schema made by hand. */
const even = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value: unknown) =>
      typeof value === "number" && value % 2 === 0 ? { value } : { issues: [{ message: "an even number" }] }
  }
} as const
const counted = task("counted", () => null, { args: even })
const free = task("free", () => null)
const clock = virtualClock(midnight)

let scheduler: Scheduler
beforeAll(async () => {
  scheduler = createScheduler({
    clock,
    timezone: "UTC",
    store: memory(),
    tasks: [free, typed, counted],
    streams: { known: NEVER }
  })
  await scheduler.start()
  await scheduler.addJob({ id: "taken", task: "free", trigger: date(midnight + 1000), tags: ["t"] })
})
afterAll(() => scheduler.shutdown())

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic
const faulty = (next: () => number | undefined) => ({
  type: "date",
  next,
  toJSON: () => ({ type: "date", at: midnight - 1 })
})

/** What is wrong, the input beside `{ id: "x", task: "free" }`, what the error's fields are. */
const refused: ReadonlyArray<readonly [string, object, object]> = [
  ["an unknown task", { task: "nobody" }, { _tag: "UnknownTaskError", task: "nobody", job: "x" }],
  ["no task", { task: undefined }, { field: "task" }],
  ["a task that is null", { task: null }, { field: "task" }],
  ["a task without a name", { task: {} }, { field: "task" }],
  ["an unknown executor", { executor: "gpu" }, { field: "executor", found: '"gpu"' }],
  [
    "an unknown store",
    { store: "cloud" },
    { _tag: "UnknownNameError", kind: "store", name: "cloud", known: ["default"] }
  ],
  [
    "a date in seconds",
    { trigger: date(1_800_000_000) },
    { field: "trigger", found: "1800000000, which is 1970-01-21T20:00:00.000Z" }
  ],
  ["an unknown stream", { trigger: stream("unknown") }, { field: "trigger", found: 'stream "unknown"' }],
  ["a duplicate id", { id: "taken" }, { _tag: "DuplicateJobError", jobId: "taken", store: "default" }],
  ["args with a function", { args: { f: () => 1 } }, { _tag: "InvalidArgumentsError", job: "x", path: ["f"] }],
  ["args with a BigInt", { args: [1n] }, { _tag: "InvalidArgumentsError", path: [0] }],
  ["args with NaN", { args: { n: NaN } }, { _tag: "InvalidArgumentsError", path: ["n"] }],
  ["args with a Date", { args: { at: new Date(0) } }, { _tag: "InvalidArgumentsError", path: ["at"] }],
  ["args that hold themselves", { args: cyclic }, { _tag: "InvalidArgumentsError" }],
  ["args with a lone surrogate", { args: "\ud800" }, { _tag: "InvalidArgumentsError" }],
  ["args of 2 MB", { args: "x".repeat(2_000_000) }, { _tag: "InvalidArgumentsError" }],
  [
    "args that an Effect Schema refuses",
    { task: "typed", args: { to: 5 } },
    { _tag: "InvalidArgumentsError", job: "x", task: "typed", path: ["to"], found: "5" }
  ],
  ["missing args", { task: "typed" }, { _tag: "InvalidArgumentsError", job: "x", task: "typed" }],
  [
    "args that a Standard Schema refuses",
    { task: "counted", args: 3 },
    { _tag: "InvalidArgumentsError", expected: "an even number" }
  ],
  ["stream args that leave no room for the value", { trigger: stream("known"), args: [1] }, { field: "args" }],
  ["an empty id", { id: "" }, { field: "id" }],
  ["an id of 1 MB", { id: "x".repeat(1_000_000) }, { field: "id", found: "1000000 characters" }],
  ["a lone surrogate in the id", { id: "a\udc00" }, { field: "id" }],
  ["an id that is a number", { id: 7 }, { field: "id", found: "7" }],
  ["an unknown option", { misfire_grace: 5 }, { field: "an option", found: '"misfire_grace"' }],
  ["an option on the prototype's name", { constructor: 5 }, { field: "an option" }],
  ["a negative grace", { misfireGrace: -1 }, { _tag: "InvalidDurationError", field: 'job "x": misfireGrace' }],
  ["an endless grace", { misfireGrace: Infinity }, { _tag: "InvalidDurationError" }],
  ["a grace that is not a number", { misfireGrace: NaN }, { _tag: "InvalidDurationError" }],
  ["a grace without a unit", { misfireGrace: "5 parsecs" }, { _tag: "InvalidDurationError" }],
  ["a timeout of zero", { timeout: 0 }, { field: "timeout" }],
  ["a timeout in negative text", { timeout: "-5 seconds" }, { _tag: "InvalidDurationError" }],
  ["maxInstances of zero", { maxInstances: 0 }, { field: "maxInstances", found: "0" }],
  ["maxInstances of a half", { maxInstances: 0.5 }, { field: "maxInstances" }],
  ["endless maxInstances", { maxInstances: Infinity }, { field: "maxInstances" }],
  ["maxRuns of NaN", { maxRuns: NaN }, { field: "maxRuns" }],
  ["negative maxRuns", { maxRuns: -3 }, { field: "maxRuns" }],
  ["an unknown coalesce", { coalesce: "newest" }, { field: "coalesce", expected: "one of latest, earliest, all" }],
  ["an unknown overlap", { overlap: "drop" }, { field: "overlap" }],
  ["an unknown onInterrupted", { onInterrupted: "again" }, { field: "onInterrupted" }],
  ["retry without attempts", { retry: {} }, { field: "retry.attempts" }],
  ["retry with no attempt", { retry: { attempts: 0 } }, { field: "retry.attempts" }],
  ["retry that is a number", { retry: 3 }, { field: "retry" }],
  [
    "an unknown option of retry",
    { retry: { attempts: 2, delay: 5 } },
    { field: "an option of retry", found: '"delay"' }
  ],
  ["a backoff factor below one", { retry: { attempts: 2, factor: 0.5 } }, { field: "retry.factor" }],
  ["a retry jitter above one", { retry: { attempts: 2, jitter: 2 } }, { field: "retry.jitter" }],
  ["retry.when that is no list", { retry: { attempts: 2, when: "Error" } }, { field: "retry.when" }],
  ["a trigger that is null", { trigger: null }, { field: "trigger", found: "null" }],
  ["a trigger that is text", { trigger: "* * * * *" }, { field: "trigger" }],
  [
    "an end before now",
    { trigger: interval("1 second"), end: midnight - 1 },
    { field: "trigger", found: "one that never fires" }
  ],
  [
    "a trigger that throws",
    {
      trigger: {
        type: "mine",
        next: () => {
          throw new Error("no")
        },
        toJSON: () => ({ type: "mine" })
      }
    },
    { field: "trigger" }
  ],
  [
    "a trigger of an unregistered type",
    { trigger: { type: "mine", next: () => 1, toJSON: () => ({ type: "mine" }) } },
    { field: "trigger" }
  ],
  ["a trigger whose stored form is damaged", { trigger: faulty(() => 5).toJSON() }, { field: "trigger" }],
  [
    "a start that is no instant",
    { trigger: interval("1 second"), start: "tomorrow" },
    { field: "start", found: '"tomorrow"' }
  ],
  ["a start that is an invalid Date", { trigger: interval("1 second"), start: new Date(NaN) }, { field: "start" }],
  ["an end that is null", { trigger: interval("1 second"), end: null }, { field: "end" }],
  [
    "negative jitter",
    { trigger: interval("1 second"), jitter: -5 },
    { _tag: "InvalidDurationError", field: 'job "x": jitter' }
  ],
  ["an empty name", { name: "" }, { field: "name" }],
  ["tags that are text", { tags: "a" }, { field: "tags" }],
  ["a tag that is a number", { tags: [1] }, { field: "an entry of tags" }],
  ["metadata that is a list", { metadata: [] }, { field: "metadata" }],
  ["metadata with a function", { metadata: { a: { b: () => 1 } } }, { field: "metadata.a.b" }],
  ["paused as text", { paused: "yes" }, { field: "paused" }],
  ["an unknown ifExists", { ifExists: "merge" }, { field: "ifExists" }]
]

const tagOf = (fields: object) => ({ _tag: "InvalidJobError", ...fields })

describe("a job is refused, and nothing is written, with", () => {
  it.each(refused)("%s", async (_what, input, fields) => {
    const before = await everything()
    // Callers without types say such things.
    const job = { id: "x", task: "free", ...input } as unknown as JobInput
    await expect(scheduler.addJob(job)).rejects.toMatchObject(tagOf(fields))
    await expect(scheduler.addJobs([{ id: "good", task: "free" }, job])).rejects.toMatchObject(tagOf(fields))
    expect(await everything()).toEqual(before)
  })

  it.each(refused)("%s, before start as well", async (what, input, fields) => {
    if (what === "a duplicate id") return
    const fresh = createScheduler({ clock, timezone: "UTC", tasks: [free, typed, counted], streams: { known: NEVER } })
    await expect(fresh.addJob({ id: "x", task: "free", ...input } as unknown as JobInput)).rejects.toMatchObject(
      tagOf(fields)
    )
    expect(await fresh.getJobs()).toEqual([])
    await fresh.shutdown()
  })

  it.each([
    ["null", null],
    ["text", "x"],
    ["nothing", undefined]
  ])("%s in its place", async (_what, input) => {
    await expect(scheduler.addJob(input as unknown as JobInput)).rejects.toMatchObject({ _tag: "InvalidJobError" })
  })

  it("a change of any of these kinds, all or nothing", async () => {
    const before = await everything()
    for (const [what, input, fields] of refused) {
      if (["taken", "", 7].includes((input as { id?: string }).id ?? "-") || "id" in input || "store" in input) continue
      if ("paused" in input || "ifExists" in input || what === "no task" || what === "missing args") continue
      if (("start" in input || "end" in input) && (input as { end?: unknown }).end === null) continue
      const { _tag = "InvalidJobError", field } = fields as { readonly _tag?: string; readonly field?: string }
      const changes = { name: "changed", ...input } as object
      const expected = { _tag, ...(field === undefined || _tag !== "InvalidJobError" ? {} : { field }) }
      await expect(scheduler.modifyJob("taken", changes), what).rejects.toMatchObject(expected)
    }
    await expect(scheduler.modifyJob("taken", { id: "other" } as object)).rejects.toMatchObject({ field: "id" })
    await expect(scheduler.modifyJob("taken", { end: midnight + 5 })).rejects.toMatchObject({
      field: "trigger",
      found: "missing"
    })
    await expect(scheduler.modifyJob("taken", null as unknown as object)).rejects.toMatchObject({
      _tag: "InvalidJobError"
    })
    expect(await everything()).toEqual(before)
  })
})

it("cron text that can never match is refused at once", () => {
  expect(() => cron("0 0 30 2 *")).toThrow(
    expect.objectContaining({ _tag: expect.stringMatching(/Cron|Trigger/) as string })
  )
})

describe("an id that no job can have", () => {
  it.each([[undefined], [null], [5], [{}], [""], ["x".repeat(1_000_000)], ["\ud800"]])(
    "%s is an error of its caller alone",
    async (id) => {
      const verbs = [
        scheduler.pauseJob,
        scheduler.resumeJob,
        scheduler.removeJob,
        scheduler.runJob,
        scheduler.modifyJob
      ]
      for (const verb of verbs) {
        const asked = (verb as (id: unknown, changes: object) => Promise<unknown>).call(scheduler, id, {})
        await expect(asked).rejects.toMatchObject({
          _tag: typeof id === "string" ? "UnknownJobError" : "InvalidJobError"
        })
      }
      expect((await scheduler.status()).state).toBe("active")
    }
  )
})

it("ids made for jobs without one never meet those of an earlier start", async () => {
  const world = newWorld("memory")
  for (let life = 0; life < 3; life++) {
    const own = await world.start({ tasks: [free] })
    await own.addJobs([{ task: free }, { task: free }])
    await own.addJob({ task: free })
  }
  expect((await world.scheduler.getJobs()).length).toBe(9)
})

describe("ids are stored exactly", () => {
  const strange = [
    "__proto__",
    "constructor",
    "toString",
    "'; DROP TABLE jobs; --",
    '"',
    "a\0b",
    "a\nb",
    "\u202eabc",
    "👩‍🚀",
    "../../etc/passwd",
    "x".repeat(255),
    " ",
    "\ufffd"
  ]

  it.each(["memory", "sqlite"] as const)("in the %s store", async (kind) => {
    const world = newWorld(kind)
    const own = await world.start({ tasks: [free] })
    for (const id of strange)
      await own.addJob({ id, task: free, trigger: interval("1 minute"), tags: [id], metadata: { [id]: id } })
    await world.clock.advance(60_000)
    const again = await world.start({ tasks: [free] })
    expect((await again.getJobs()).map(({ id, tags }) => [id, tags]).toSorted()).toEqual(
      strange.map((id) => [id, [id]]).toSorted()
    )
    for (const id of strange) {
      expect((await again.getRuns({ jobId: id })).map(({ jobId }) => jobId)).toEqual([id])
      await again.removeJob(id)
    }
    expect(await again.getJob("\ud800")).toBeUndefined()
    expect(await again.getJobs()).toEqual([])
    expect((await again.verify()).violations).toEqual([])
  })
})

const everything = async () => ({
  jobs: (await scheduler.getJobs()).map(({ record }) => record),
  runs: await scheduler.getRuns(),
  ledger: await scheduler.getLedger()
})
