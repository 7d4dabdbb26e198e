/**
 * A process that takes orders until it is killed: each a row of its own and a job in the outbox, in one transaction, every third rolled
 * back. The program's file is the first argument, the scheduler's the second; with `finish` it takes none, and ends when all is done.
 */
import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Effect, Layer, Schedule } from "effect"
import { task } from "carillon"
import { Scheduler } from "carillon/effect"
import { Outbox } from "carillon/outbox"
import { sqlite } from "carillon/sqlite"

const [program = "", store = "", mode] = process.argv.slice(2)
const outbox = Outbox.make({ every: "20 millis" })

const mail = task("mail", ({ args }) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`INSERT INTO mails (id) VALUES (${(args as { id: string }).id})`)
)

const order = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const id = crypto.randomUUID()
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`INSERT INTO orders (id) VALUES (${id})`
      yield* outbox.addJob({ id, task: "mail", args: { id } })
      if (Number.parseInt(id.slice(0, 4), 16) % 3 === 0) yield* Effect.fail("no stock")
    })
  )
})

const finish = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  const sql = yield* SqlClient.SqlClient
  yield* outbox.flush
  yield* Effect.repeat(
    Effect.map(scheduler.getJobs({ limit: 100_000 }), (jobs) => jobs.filter(({ state }) => state !== "done").length),
    { until: (live) => live === 0, schedule: Schedule.spaced("10 millis") }
  )
  const verified = yield* scheduler.verify
  const counts = yield* sql<{ readonly what: string; readonly count: number }>`
    SELECT 'orders' AS what, count(*) AS count FROM orders
    UNION ALL SELECT 'waiting', count(*) FROM carillon_outbox
    UNION ALL SELECT 'unsent', count(*) FROM orders WHERE id NOT IN (SELECT id FROM mails)
    UNION ALL SELECT 'strange', count(*) FROM mails WHERE id NOT IN (SELECT id FROM orders)`
  const jobs = yield* scheduler.getJobs({ limit: 100_000 })
  console.log(
    JSON.stringify({
      ...Object.fromEntries(counts.map(({ what, count }) => [what, count])),
      jobs: jobs.length,
      ok: verified.ok
    })
  )
})

const taking = Effect.gen(function* () {
  console.log("ready")
  // A rollback is its outcome, not a fault.
  yield* Effect.forever(Effect.zipRight(Effect.ignore(order), Effect.sleep(1)))
})

const tables = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.all([
    sql`PRAGMA journal_mode = WAL`,
    sql`CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY)`,
    sql`CREATE TABLE IF NOT EXISTS mails (id TEXT)`
  ])
)

const layer = outbox.layer.pipe(
  Layer.provideMerge(
    Scheduler.layer({ tasks: [mail], store: sqlite({ filename: store }), waitForStore: "10 seconds" })
  ),
  Layer.provideMerge(SqliteClient.layer({ filename: program }))
)
await Effect.runPromise(Effect.zipRight(tables, mode === "finish" ? finish : taking).pipe(Effect.provide(layer)))
