/**
 * Checkpoints in SQLite: one a run, for as long as the run lasts. Which runs have one is kept in memory, so that a commit without any costs
 * nothing for them.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { CheckpointRow, SettleRow } from "../jobStore.ts"
import { inChunks, placeholders, sized } from "./chunks.ts"
import type { SqliteConnection } from "./connection.ts"

/** Keys of the runs that have one. Where that cannot be read, by damage, none: rows that are left over harm nobody. */
export const readCheckpointKeys = (connection: SqliteConnection): Effect.Effect<Set<number>> =>
  connection.values<readonly [number]>("SELECT run_key FROM checkpoints").pipe(
    Effect.map((rows) => new Set(rows.map(([key]) => key))),
    Effect.orElseSucceed(() => new Set<number>())
  )

/** Those of `runKeys` that have one, by run. What a damaged row holds is given as text, whatever it is: the run has one. */
export const readCheckpoints = (
  connection: SqliteConnection,
  runKeys: ReadonlyArray<number>
): Effect.Effect<ReadonlyMap<number, string>, SqlError> =>
  Effect.map(
    Effect.forEach(inChunks(runKeys), (keys) => connection.values<readonly [number, unknown]>(find(keys.length), keys)),
    (found) => new Map(found.flat().map(([key, text]) => [key, typeof text === "string" ? text : ""]))
  )

/** Writes the newest of each run, and takes those of runs that end. `known` holds at least the keys on disk, whatever fails. */
export const writeCheckpoints = (
  connection: SqliteConnection,
  known: Set<number>,
  written: ReadonlyArray<CheckpointRow>,
  settled: ReadonlyArray<SettleRow>
): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    for (const chunk of inChunks(newestOf(written))) {
      for (const [runKey] of chunk) known.add(runKey)
      yield* connection.run(upsert(chunk.length), chunk.flat())
    }
    if (known.size === 0) return
    const ended = settled.flatMap(({ runKey, finishedAt }) =>
      finishedAt !== null && known.has(runKey) ? [runKey] : []
    )
    for (const chunk of inChunks(ended)) yield* connection.run(remove(chunk.length), chunk)
  })

/** They are on disk: keys that nothing is kept for any more. */
export const forgetCheckpoints = (known: Set<number>, settled: ReadonlyArray<SettleRow>): void => {
  if (known.size > 0) for (const { runKey, finishedAt } of settled) if (finishedAt !== null) known.delete(runKey)
}

/** The newest text of each run, with the highest number that it has taken in. */
const newestOf = (written: ReadonlyArray<CheckpointRow>): ReadonlyArray<readonly [number, string, number]> => {
  const newest = new Map<number, readonly [number, string, number]>()
  for (const { runKey, text, received = 0 } of written)
    newest.set(runKey, [runKey, text, Math.max(received, newest.get(runKey)?.[2] ?? 0)])
  return [...newest.values()]
}

const find = sized((rows) => `SELECT run_key, text FROM checkpoints WHERE run_key IN (VALUES ${placeholders(rows, 1)})`)

const upsert = sized(
  (rows) => `WITH v(k, t, r) AS (VALUES ${placeholders(rows, 3)})
    INSERT INTO checkpoints(run_key, text, received)
    SELECT k, t, r FROM v WHERE EXISTS (SELECT 1 FROM runs WHERE run_key = k AND finished_at IS NULL)
    ON CONFLICT(run_key) DO UPDATE SET text = excluded.text, received = max(received, excluded.received)`
)

const remove = sized((rows) => `DELETE FROM checkpoints WHERE run_key IN (VALUES ${placeholders(rows, 1)})`)
