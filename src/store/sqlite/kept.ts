/** What an SQLite file keeps beside runs: checkpoints and messages, with the runs that they are of. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { KeptRow } from "../jobStore.ts"
import type { SqliteConnection } from "./connection.ts"

type StoredKept = readonly [
  runKey: number,
  jobId: string | null,
  live: 0 | 1,
  saved: 0 | 1,
  received: number | null,
  first: number | null,
  last: number | null
]

/** By run, ascending; one statement, so that what it gives is of one moment. */
export const readKept = (
  connection: SqliteConnection,
  afterRunKey: number,
  limit: number
): Effect.Effect<ReadonlyArray<KeptRow>, SqlError> =>
  Effect.map(connection.values<StoredKept>(keptAfter, [afterRunKey, afterRunKey, limit]), (rows) =>
    rows.map(([runKey, jobId, live, saved, received, first, last]) => ({
      runKey,
      jobId,
      live: live === 1,
      received: saved === 1 ? (received ?? 0) : null,
      waiting: first === null || last === null ? null : { first, last }
    }))
  )

const keptAfter = `WITH k(run_key) AS (
    SELECT run_key FROM checkpoints WHERE run_key > ? UNION SELECT run_key FROM messages WHERE run_key > ? ORDER BY 1 LIMIT ?)
  SELECT k.run_key, j.id, r.run_key IS NOT NULL AND r.finished_at IS NULL, c.run_key IS NOT NULL, c.received,
    (SELECT min(number) FROM messages m WHERE m.run_key = k.run_key), (SELECT max(number) FROM messages m WHERE m.run_key = k.run_key)
  FROM k LEFT JOIN runs r ON r.run_key = k.run_key LEFT JOIN jobs j ON j.key = r.job_key
    LEFT JOIN checkpoints c ON c.run_key = k.run_key ORDER BY 1`
