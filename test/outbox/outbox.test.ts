/** Jobs added in a program's own transaction, on a file of its own and on the scheduler's: both are there or neither. Some lines over 300, one a refusal. */
import { rmSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Effect, Exit, Fiber, Layer, Logger, Schema } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { Job, Scheduler } from "../../src/effect.ts"
import { cron, date, task } from "../../src/index.ts"
import type { AnyTask } from "../../src/index.ts"
import { Outbox } from "../../src/outbox.ts"
import type { OutboxJobInput } from "../../src/outbox.ts"
import { sqlite } from "../../src/sqlite.ts"
import { virtualClock } from "../../src/testing.ts"

const directory = mkdtempSync(join(tmpdir(), "outbox-"))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0
const newFile = () => join(directory, `${++files}.db`)
const now = Date.UTC(2026, 0, 1)

interface Scene {
  readonly filename: string
  readonly tasks?: ReadonlyArray<AnyTask>
  readonly store?: string
  readonly lines?: Array<string>
}

/** A program with a database of its own and a scheduler. */
const run = <A, E>(
  { filename, tasks = [mail], store, lines = [] }: Scene,
  program: (clock: ReturnType<typeof virtualClock>) => Effect.Effect<A, E, SqlClient.SqlClient | Scheduler>
) => {
  const clock = virtualClock(now)
  const database = SqliteClient.layer({ filename })
  const scheduler = Scheduler.layer({ tasks, ...(store === undefined ? {} : { store: sqlite({ filename: store }) }) })
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => void lines.push(String(message)))
  )
  return Effect.runPromiseExit(
    program(clock).pipe(
      Effect.provide(Layer.mergeAll(database, scheduler)),
      Effect.withClock(clock),
      Effect.provide(logger)
    )
  )
}
const value = <A>(exit: Exit.Exit<A, unknown>): A => Exit.getOrElse(exit, (cause) => expect.fail(String(cause)))

const sent: Array<unknown> = []
const mail = task("mail", ({ args }) => void sent.push(args))
const rows = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) =>
    sql<{ readonly job: string; readonly refused: string | null }>`SELECT job, refused FROM carillon_outbox ORDER BY id`
)
const jobIds = Effect.flatMap(Scheduler, (scheduler) =>
  Effect.map(scheduler.getJobs(), (jobs) => jobs.map(({ id }) => id).toSorted())
)

describe("Outbox", () => {
  it.each(["another file", "the scheduler's own file"])(
    "adds what was committed and nothing else, in %s",
    async (which) => {
      const filename = newFile()
      const store = which === "another file" ? newFile() : filename
      sent.length = 0
      const exit = await run({ filename, store }, (clock) =>
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* sql`CREATE TABLE orders (id INTEGER PRIMARY KEY)`
          yield* Outbox.createTable
          const order = (id: number) =>
            Effect.all([
              sql`INSERT INTO orders (id) VALUES (${id})`,
              Outbox.addJob({ id: `order-${id}`, task: mail, args: { id } })
            ])
          yield* sql.withTransaction(order(1))
          const rolledBack = yield* Effect.exit(sql.withTransaction(Effect.zipRight(order(2), Effect.fail("no stock"))))
          const nested = yield* sql.withTransaction(
            Effect.zipRight(
              order(3),
              Effect.exit(sql.withTransaction(Effect.zipRight(order(4), Effect.fail("no stock"))))
            )
          )
          const moved = yield* Outbox.flush
          yield* Effect.promise(() => clock.advance(1))
          const orders = yield* sql<{ readonly id: number }>`SELECT id FROM orders ORDER BY id`
          return [
            Exit.isFailure(rolledBack),
            Exit.isFailure(nested),
            moved,
            orders.map(({ id }) => id),
            yield* jobIds,
            yield* rows
          ]
        })
      )
      expect(value(exit)).toEqual([true, true, 2, [1, 3], ["order-1", "order-3"], []])
      expect(sent).toEqual([{ id: 1 }, { id: 3 }])
    }
  )

  it("is looked at by its layer, at once and every so often", async () => {
    const filename = newFile()
    const outbox = Outbox.make({ every: "10 seconds" })
    const exit = await run({ filename }, (clock) =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* Outbox.createTable
          yield* Outbox.addJob({ id: "before", task: mail, trigger: date(now + 3_600_000) })
          yield* Layer.build(outbox.layer)
          yield* Effect.promise(() => clock.advance(100))
          const first = yield* jobIds
          yield* Outbox.addJob({ id: "after", task: mail, trigger: date(now + 3_600_000) })
          yield* Effect.promise(() => clock.advance("9 seconds"))
          const second = yield* jobIds
          yield* Effect.promise(() => clock.advance("2 seconds"))
          return [first, second, yield* jobIds, yield* rows]
        })
      )
    )
    expect(value(exit)).toEqual([["before"], ["before"], ["after", "before"], []])
  })

  it("adds a job once, however often it is moved, also after it has run", async () => {
    sent.length = 0
    const exit = await run({ filename: newFile(), store: newFile() }, (clock) =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* Outbox.createTable
        yield* Outbox.addJob({ id: "once", task: mail, args: 7 })
        const job = (yield* rows)[0]?.job ?? ""
        yield* Outbox.flush
        yield* Effect.promise(() => clock.advance(1))
        // As after a crash between the scheduler's commit and the deletion of the row.
        yield* sql`INSERT INTO carillon_outbox (job) VALUES (${job})`
        const again = yield* Outbox.flush
        yield* Effect.promise(() => clock.advance("1 minute"))
        return [again, yield* rows]
      })
    )
    expect(value(exit)).toEqual([1, []])
    expect(sent).toEqual([7])
  })

  it("keeps every option of a job as it was given", async () => {
    const filename = newFile()
    const input: OutboxJobInput = {
      id: "all",
      task: "mail",
      name: "All of it",
      args: { to: "ops" },
      tags: ["a", "b"],
      metadata: { note: "x" },
      trigger: cron("0 9 * * *"),
      start: "2026-02-01",
      end: new Date(Date.UTC(2027, 0, 1)),
      jitter: "5 seconds",
      misfireGrace: "1 hour",
      timeout: null,
      retry: { attempts: 3, backoff: "2 seconds", when: ["Oops"] },
      overlap: "queue-all",
      maxRuns: 5,
      paused: true
    }
    const exit = await run({ filename }, () =>
      Effect.gen(function* () {
        const scheduler = yield* Scheduler
        yield* Outbox.createTable
        yield* Outbox.addJob(input)
        yield* Outbox.flush
        yield* scheduler.addJob({ ...input, id: "direct" })
        return yield* scheduler.exportJobs()
      })
    )
    const [moved, direct] = value(exit).jobs
    // The seed of its jitter is the id.
    expect(JSON.parse(JSON.stringify(moved).replaceAll('"all"', '"direct"'))).toEqual(direct)
    expect(moved).toMatchObject({ id: "all", paused: true, rules: { maxRuns: 5, overlap: "queue-all" } })
  })

  it("makes ids of its own, which nobody else makes", async () => {
    const exit = await run({ filename: newFile() }, () =>
      Effect.gen(function* () {
        yield* Outbox.createTable
        const ids = yield* Effect.all(Array.from({ length: 300 }, () => Outbox.addJob({ task: mail })))
        const moved = yield* Outbox.flush
        return [new Set(ids).size, moved, yield* rows]
      })
    )
    expect(value(exit)).toEqual([300, 300, []])
  })

  it("lets a job wait whose task comes later, and goes past it", async () => {
    const lines: Array<string> = []
    const exit = await run({ filename: newFile(), lines }, () =>
      Effect.gen(function* () {
        const scheduler = yield* Scheduler
        yield* Outbox.createTable
        yield* Outbox.addJob({ id: "later", task: "report" })
        yield* Outbox.addJob({ id: "later still", task: "report" })
        yield* Outbox.addJob({ id: "now", task: "mail" })
        const moved = [yield* Outbox.flush, yield* Outbox.flush]
        const waiting = (yield* rows).map(({ refused }) => refused)
        yield* scheduler.addTask(task("report", () => null))
        return [moved, waiting, yield* Outbox.flush, yield* rows, yield* jobIds]
      })
    )
    expect(value(exit)).toEqual([[1, 0], [null, null], 2, [], ["later", "later still", "now"]])
    expect(lines.filter((line) => line.includes("of the outbox"))).toEqual([
      expect.stringContaining(
        'jobs of the outbox wait, the first of them: job "later": task "report" is not registered'
      )
    ])
  })

  it("keeps what the scheduler refuses, with the reason, and goes past it", async () => {
    const lines: Array<string> = []
    const exit = await run({ filename: newFile(), lines }, () =>
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* Outbox.createTable
        yield* sql`INSERT INTO carillon_outbox (job) VALUES ('{"version":9}')`
        yield* Outbox.addJob({ id: "elsewhere", task: mail, executor: "gone" })
        yield* Outbox.addJob({ id: "fine", task: mail })
        const moved = [yield* Outbox.flush, yield* Outbox.flush]
        return [moved, (yield* rows).map(({ refused }) => refused), yield* jobIds]
      })
    )
    expect(value(exit)).toEqual([
      [1, 0],
      [
        expect.stringContaining("expected a job of version 1"),
        expect.stringContaining("the name of a registered executor")
      ],
      ["fine"]
    ])
    expect(lines.filter((line) => line.includes("was refused"))).toHaveLength(2)
  })

  it.each<[string, object, string]>([
    ["no id at all", { task: "mail", id: "" }, "InvalidJobError"],
    ["no task", { id: "a" }, "InvalidJobError"],
    ["a task without a name", { id: "a", task: "" }, "InvalidJobError"],
    ["an unknown option", { id: "a", task: "mail", when: 1 }, "InvalidJobError"],
    ["what becomes of one that is there", { id: "a", task: "mail", ifExists: "replace" }, "InvalidJobError"],
    ["a wrong rule", { id: "a", task: "mail", overlap: "never" }, "InvalidJobError"],
    ["a duration that is none", { id: "a", task: "mail", timeout: "soon" }, "InvalidDurationError"],
    ["what is no trigger", { id: "a", task: "mail", trigger: {} }, "InvalidJobError"],
    ["a date that is none", { id: "a", task: "mail", start: "soon" }, "InvalidJobError"],
    ["arguments without JSON", { id: "a", task: "mail", args: { at: 10n } }, "InvalidArgumentsError"]
  ])("writes nothing of a job with %s", async (_, input, tag) => {
    const exit = await run({ filename: newFile() }, () =>
      Effect.gen(function* () {
        yield* Outbox.createTable
        const error = yield* Effect.flip(Outbox.addJob(input as OutboxJobInput))
        return [error._tag, yield* rows]
      })
    )
    expect(value(exit)).toEqual([tag, []])
  })

  it("fails with the database's error where the table is not there, and makes it twice without one", async () => {
    const exit = await run({ filename: newFile() }, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Outbox.addJob({ task: mail }))
        yield* Outbox.createTable
        yield* Outbox.createTable
        return error._tag
      })
    )
    expect(value(exit)).toBe("SqlError")
  })

  it.each<[string, object, string]>([
    ["a table that is no name", { table: "a; DROP TABLE b" }, "InvalidOptionError"],
    ["an unknown option", { interval: 1 }, "InvalidOptionError"],
    ["no options at all", 5 as never, "InvalidOptionError"],
    ["a time that is none", { every: "soon" }, "InvalidDurationError"]
  ])("make refuses %s", (_, options, tag) => {
    expect(() => Outbox.make(options)).toThrow(expect.objectContaining({ _tag: tag }))
  })

  it("takes a definition's arguments as they are, and awaits what comes of it", async () => {
    class Order extends Schema.Class<Order>("Order")({ at: Schema.Date }) {}
    const Ship = Job.make({ name: "ship", args: Order, success: Schema.Number })
    const exit = await run({ filename: newFile() }, (clock) =>
      Effect.scoped(
        Effect.gen(function* () {
          const sql = yield* SqlClient.SqlClient
          yield* Outbox.createTable
          yield* Layer.build(Ship.toLayer(({ args }) => Effect.succeed(args.at.getTime())))
          const id = yield* sql.withTransaction(Outbox.enqueue(Ship, new Order({ at: new Date(5) }), { tags: ["a"] }))
          const strange = yield* Effect.flip(Outbox.enqueue({} as typeof Ship, new Order({ at: new Date(5) })))
          const wrong = yield* Effect.flip(Outbox.enqueue(Ship, { at: "x" } as never))
          yield* Outbox.flush
          const waiting = yield* Effect.fork(Ship.await(id))
          yield* Effect.promise(() => clock.advance(1))
          return [yield* Fiber.join(waiting), strange._tag, wrong._tag, yield* rows]
        })
      )
    )
    expect(value(exit)).toEqual([5, "InvalidJobError", "InvalidArgumentsError", []])
  })

  it("has a table by the name that is given", async () => {
    const outbox = Outbox.make({ table: "Jobs_2" })
    const exit = await run({ filename: newFile() }, () =>
      Effect.gen(function* () {
        yield* outbox.createTable
        yield* outbox.addJob({ id: "a", task: mail })
        return [yield* outbox.flush, yield* jobIds]
      })
    )
    expect(value(exit)).toEqual([1, ["a"]])
  })
})
