/**
 * What damage in a few rows would do to all jobs is mended when a file is opened: keys and counts that no scheduler can have given, and
 * wake-ups under an executor's number that means nothing. What it did is told in sentences. All of it costs some looks along indexes;
 * rows that harm their own job alone are left to the engine.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { type EpochMillis, latestInstant } from "../../time/instant.ts"
import type { SqliteConnection } from "./connection.ts"
import { countFinishedRuns } from "./session.ts"

/** A key below is exact as a number, later than any that the clock gives, and leaves room for all that will ever be given. */
export const endOfKeys = 2 ** 53 - 2 ** 42
/** Counts at or above this are no scheduler's. */
const endOfCounts = 2 ** 51
/** The end of what a column of the owner row may hold: the highest key of runs is made of the time of an opening. */
export const endOf = (column: string): number => (column === "run_key" ? endOfKeys - 2 ** 41 : endOfCounts)

/** Within the opening's transaction, before anything is read from the file. `now`: when it is opened. */
export const mend = (connection: SqliteConnection, now: EpochMillis): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  Effect.gen(function* () {
    const told: Array<string> = []
    const tell = (rows: number, what: string): void => {
      if (rows > 0) told.push(`${rows} ${what}`)
    }
    // Rows refer to each other by key: they are asked for that at the end.
    yield* connection.rows("PRAGMA defer_foreign_keys = ON")
    tell(
      yield* rekeyed(connection, "jobs", "key", "job_key", jobReferences),
      "jobs had a key that no scheduler gives, and have a new one"
    )
    // Two ranges of keys: one condition of both would look at every row.
    for (const range of ["key < 1", `key >= ${endOfKeys}`])
      tell(
        yield* connection.run(
          `DELETE FROM job_state WHERE ${range} AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.key = job_state.key)`
        ),
        "states of jobs that do not exist are deleted"
      )
    tell(
      yield* rekeyed(connection, "runs", "run_key", "run_key", []),
      "runs had a key that no scheduler gives, and have a new one"
    )
    tell(
      yield* rekeyed(connection, "ledger", "entry", null, []),
      "ledger entries had a key that no scheduler gives, and have a new one"
    )
    for (const range of ["number < 1", `number >= ${endOfKeys}`])
      tell(
        yield* connection.run(`DELETE FROM events WHERE ${range}`),
        "commits' events had a number that no scheduler gives, and are gone"
      )
    tell(
      yield* connection.run(`DELETE FROM executors WHERE number < 1 OR number >= ${2 ** 31} OR typeof(name) <> 'text'`),
      "executors had a number or a name that no scheduler gives"
    )
    // What is no number has none that follows it: NULL comes first in the index, text and blobs last. IS NULL would be taken for false
    // of a column declared NOT NULL.
    for (const range of ["executor < 1", `executor >= ${2 ** 31}`])
      yield* connection.run(
        `UPDATE job_state SET ${stateWith({ executor: "0" })} WHERE typeof(executor) <> 'integer' AND key IN
        (SELECT key FROM job_state INDEXED BY job_state_wake WHERE wake_at IS NOT NULL AND ${range})`
      )
    tell(
      yield* connection.run(`INSERT OR IGNORE INTO executors(name)
      SELECT DISTINCT coalesce(j.executor, 'default') FROM job_state s CROSS JOIN jobs j ON j.key = s.key
      WHERE s.wake_at IS NOT NULL AND s.executor IN (${unknownExecutors})`),
      "executors had no number, and have one"
    )
    tell(
      yield* connection.run(
        `UPDATE job_state SET ${stateWith({ executor: numberOfDefinition })} WHERE wake_at IS NOT NULL AND executor IN (${unknownExecutors}) AND EXISTS (SELECT 1 FROM jobs j WHERE j.key = job_state.key)`
      ),
      "jobs had an executor that the file does not name, and have that of their definition"
    )
    // Whoever is woken too early finds out when it is due: past all instants it would never be woken again.
    tell(
      yield* connection.run(`UPDATE job_state SET ${stateWith({ wake_at: "0" })} WHERE key IN (${beyond})`, [
        latestInstant
      ]),
      "jobs had a wake-up that is no instant, and are woken at once"
    )
    tell(
      yield* connection.run(`UPDATE job_state SET ${stateWith({ done_at: "?" })} WHERE done_at > ?`, [
        now,
        latestInstant
      ]),
      "jobs were done at what is no instant, and count as done now"
    )
    tell(
      yield* connection.run("DELETE FROM marks WHERE typeof(name) <> 'text' OR typeof(value) <> 'text'"),
      "marks of earlier schedulers were no text, and are gone"
    )
    for (const column of yield* mendOwner(connection))
      tell(1, `number that counts for all jobs, ${column}, was none that a scheduler writes, and was found anew`)
    return told
  })

/** Gives rows whose key lies outside of what is ever given new ones, after the highest of the others and of the owner row's column `owned`. */
const rekeyed = (
  connection: SqliteConnection,
  table: string,
  column: string,
  owned: string | null,
  references: ReadonlyArray<readonly [table: string, column: string]>
): Effect.Effect<number, SqlError> =>
  Effect.gen(function* () {
    // As text: numbers beyond 2^53 are read rounded.
    const odd = yield* connection.rows<{ key: string }>(
      `SELECT CAST(${column} AS TEXT) AS key FROM ${table} WHERE ${column} < 1
      UNION ALL SELECT CAST(${column} AS TEXT) FROM ${table} WHERE ${column} >= ${endOfKeys}`
    )
    for (const { key } of odd) {
      const tables = [[table, column] as const, ...references]
      const highest = tables
        .filter(([, name]) => name === column)
        .map(([name]) => `(SELECT coalesce(max(${column}), 0) FROM ${name} WHERE ${column} < ${endOfKeys})`)
      const given = owned === null ? "0" : `(SELECT ${owned} FROM owner WHERE ${owned} < ${endOf(owned)})`
      const [next] = yield* connection.rows<{ key: number }>(
        `SELECT max(0, coalesce(${given}, 0), ${highest.join(", ")}) + 1 AS key`
      )
      for (const [name, reference] of tables)
        yield* connection.run(`UPDATE ${name} SET ${reference} = ? WHERE ${reference} = CAST(? AS INTEGER)`, [
          Math.max(1, next?.key ?? 1),
          key
        ])
    }
    return odd.length
  })

const jobReferences = [
  ["job_state", "key"],
  ["runs", "job_key"],
  ["ledger", "job_key"]
] as const

/** Numbers that jobs wait under: from one to the next along the index of wake-ups. */
const used = `WITH RECURSIVE used(number) AS (
  SELECT (SELECT executor FROM job_state INDEXED BY job_state_wake WHERE wake_at IS NOT NULL ORDER BY executor LIMIT 1)
  UNION SELECT (SELECT executor FROM job_state INDEXED BY job_state_wake
    WHERE wake_at IS NOT NULL AND executor > used.number ORDER BY executor LIMIT 1) FROM used WHERE used.number IS NOT NULL)`

/** Those of them that no executor has. */
const unknownExecutors = `${used}
  SELECT number FROM used WHERE number IS NOT NULL AND number NOT IN (SELECT number FROM executors)`

/** Keys of jobs that wait for later than an instant can be, or for what is no number, which comes after all numbers. */
const beyond = `${used}
  SELECT s.key FROM used CROSS JOIN job_state s INDEXED BY job_state_wake ON s.executor = used.number AND s.wake_at > ?`

/** SQLite takes no row of which any column breaks its type, so all of a row are put right that is written. */
const stateWith = (given: { readonly [column in keyof typeof stateColumns]?: string }): string =>
  Object.entries({ ...stateColumns, ...given })
    .map(([column, value]) => `${column} = ${value}`)
    .join(", ")

/** What cannot be read stays unreadable, as `jobRow` has it. */
const stateColumns = {
  value: "iif(typeof(value) = 'integer', value, -1)",
  wake_at: "iif(typeof(wake_at) IN ('integer', 'null'), wake_at, 0)",
  fault: "iif(typeof(fault) = 'integer', fault, 1)",
  done_at: "iif(typeof(done_at) IN ('integer', 'null'), done_at, NULL)",
  executor: "iif(typeof(executor) = 'integer', executor, 0)",
  memory: "iif(typeof(memory) = 'text', memory, '')"
}

const numberOfDefinition = `(SELECT e.number FROM jobs j CROSS JOIN executors e
  ON e.name = coalesce(j.executor, 'default') WHERE j.key = job_state.key)`

/** The columns of the owner row that are mended. Who owned the file and its commits' numbers are about to be written anew. */
const mendOwner = (connection: SqliteConnection): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  Effect.gen(function* () {
    const odd = ownerNumbers.map(
      ({ column }) => `typeof(${column}) <> 'integer' OR ${column} < 0 OR ${column} >= ${endOf(column)}`
    )
    const [found] = yield* connection.values<ReadonlyArray<0 | 1>>(`SELECT ${odd.join(", ")} FROM owner`)
    const mended = ownerNumbers.filter((_, index) => found?.[index] === 1)
    if (mended.length > 0)
      yield* connection.run(
        `UPDATE owner SET ${mended.map(({ column, right }) => `${column} = ${right}`).join(", ")},
        sequence = 0, pid = 0, host = '', started_at = 0`
      )
    return mended.map(({ column }) => column)
  })

const ownerNumbers = [
  { column: "epoch", right: `(SELECT coalesce(max(epoch), 0) FROM runs WHERE epoch BETWEEN 0 AND ${endOfCounts})` },
  { column: "job_key", right: "0" },
  { column: "run_key", right: "0" },
  { column: "events", right: "0" },
  { column: "job_count", right: "(SELECT count(*) FROM jobs WHERE removed_at IS NULL)" },
  { column: "finished_runs", right: countFinishedRuns }
] as const
