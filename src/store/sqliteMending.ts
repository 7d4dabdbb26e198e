/**
 * What damage in a few rows would do to all jobs is mended when a file is opened: keys and counts that no scheduler can have given, and
 * wake-ups under an executor's number that means nothing. What it did is told in sentences. All of it costs some looks along indexes;
 * rows that harm their own job alone are left to the engine.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { SqliteConnection } from "./sqliteConnection.ts"
import { countFinishedRuns } from "./sqliteSession.ts"

/** A key below is exact as a number and leaves room for all that will ever be given. */
export const endOfKeys = 2 ** 52
/** Counts and highest keys at or above this are no scheduler's. */
export const endOfCounts = 2 ** 51

/** Within the opening's transaction, before anything is read from the file. */
export const mend = (connection: SqliteConnection): Effect.Effect<ReadonlyArray<string>, SqlError> =>
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
    tell(
      yield* connection.run(`DELETE FROM executors WHERE number < 1 OR number >= ${2 ** 31}`),
      "executors had a number that no scheduler gives"
    )
    tell(
      yield* connection.run(`INSERT OR IGNORE INTO executors(name)
      SELECT DISTINCT coalesce(j.executor, 'default') FROM job_state s CROSS JOIN jobs j ON j.key = s.key
      WHERE s.wake_at IS NOT NULL AND s.executor IN (${unknownExecutors})`),
      "executors had no number, and have one"
    )
    tell(
      yield* connection.run(`UPDATE job_state SET executor =
        (SELECT e.number FROM jobs j CROSS JOIN executors e ON e.name = coalesce(j.executor, 'default') WHERE j.key = job_state.key)
        WHERE wake_at IS NOT NULL AND executor IN (${unknownExecutors}) AND EXISTS (SELECT 1 FROM jobs j WHERE j.key = job_state.key)`),
      "jobs had an executor that the file does not name, and have that of their definition"
    )
    for (const { column, right } of ownerNumbers)
      tell(
        yield* connection.run(
          `UPDATE owner SET ${column} = ${right} WHERE ${column} < 0 OR ${column} >= ${endOfCounts}`
        ),
        `number that counts for all jobs, ${column}, was none that a scheduler writes, and was found anew`
      )
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
      const given = owned === null ? "0" : `(SELECT ${owned} FROM owner WHERE ${owned} < ${endOfCounts})`
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

/** Numbers that jobs wait under and no executor has: from one number to the next along the index of wake-ups. */
const unknownExecutors = `WITH RECURSIVE used(number) AS (
  SELECT (SELECT executor FROM job_state INDEXED BY job_state_wake WHERE wake_at IS NOT NULL ORDER BY executor LIMIT 1)
  UNION ALL SELECT (SELECT executor FROM job_state INDEXED BY job_state_wake
    WHERE wake_at IS NOT NULL AND executor > used.number ORDER BY executor LIMIT 1) FROM used WHERE used.number IS NOT NULL)
  SELECT number FROM used WHERE number IS NOT NULL AND number NOT IN (SELECT number FROM executors)`

const ownerNumbers = [
  { column: "epoch", right: `(SELECT coalesce(max(epoch), 0) FROM runs WHERE epoch BETWEEN 0 AND ${endOfCounts})` },
  { column: "job_key", right: "0" },
  { column: "run_key", right: "0" },
  { column: "job_count", right: "(SELECT count(*) FROM jobs WHERE removed_at IS NULL)" },
  { column: "finished_runs", right: countFinishedRuns }
] as const
