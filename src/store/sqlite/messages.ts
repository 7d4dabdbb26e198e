/**
 * Messages to runs in SQLite, until a checkpoint has taken them in or their run ends. Which runs may have any is kept in memory, so that a
 * commit without any costs nothing for them.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { MessageRow, SettleRow, StoreBatch } from "../jobStore.ts"
import { inChunks, placeholders, sized } from "./chunks.ts"
import type { SqliteConnection } from "./connection.ts"

/** What is there when a store is opened. */
export interface WaitingMessages {
  readonly nextMessage: number
  /** Numbers by run, ascending. */
  readonly waiting: ReadonlyMap<number, ReadonlyArray<number>>
}

/** Where that cannot be read, by damage, there are none: what then asks for them says so. */
export const readWaiting = (connection: SqliteConnection): Effect.Effect<WaitingMessages> =>
  Effect.gen(function* () {
    const rows = yield* connection.values<readonly [number, number]>(
      "SELECT run_key, number FROM messages ORDER BY run_key, number"
    )
    const [[received] = [0]] = yield* connection.values<readonly [number]>(
      "SELECT coalesce(max(received), 0) FROM checkpoints"
    )
    let highest = whole(received) ? received : 0
    const waiting = new Map<number, Array<number>>()
    for (const [runKey, number] of rows) {
      if (!whole(number)) continue
      const known = waiting.get(runKey)
      if (known === undefined) waiting.set(runKey, [number])
      else known.push(number)
      highest = Math.max(highest, number)
    }
    return { nextMessage: highest + 1, waiting }
  }).pipe(Effect.orElseSucceed(() => ({ nextMessage: 1, waiting: new Map<number, ReadonlyArray<number>>() })))

/** Damage may have put anything there. */
const whole = (number: number): boolean => Number.isSafeInteger(number + 1) && number >= 0

/** Those of `runKeys` that have any, by run. */
export const readMessages = (
  connection: SqliteConnection,
  runKeys: ReadonlyArray<number>
): Effect.Effect<ReadonlyMap<number, ReadonlyArray<MessageRow>>, SqlError> =>
  Effect.map(
    Effect.forEach(inChunks(runKeys), (keys) =>
      connection.values<readonly [number, number, string]>(find(keys.length), keys)
    ),
    (found) => {
      const byRun = new Map<number, Array<MessageRow>>()
      for (const [runKey, number, text] of found.flat()) {
        const known = byRun.get(runKey)
        const row = { runKey, number, text }
        if (known === undefined) byRun.set(runKey, [row])
        else known.push(row)
      }
      return byRun
    }
  )

/** Writes what is new, and takes what checkpoints of the batch have in them and what was sent to runs that it ends. */
export const writeMessages = (
  connection: SqliteConnection,
  known: Set<number>,
  { messages = [], checkpoints = [], settled }: Pick<StoreBatch, "messages" | "checkpoints" | "settled">
): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    const newest = new Map(messages.map((row) => [`${row.runKey}/${row.number}`, row]))
    for (const chunk of inChunks([...newest.values()])) {
      for (const { runKey } of chunk) known.add(runKey)
      const params = chunk.flatMap(({ runKey, number, text }) => [runKey, number, text])
      yield* connection.run(upsert(chunk.length), params)
    }
    if (known.size === 0) return
    const taken = checkpoints.filter(({ runKey, received = 0 }) => received > 0 && known.has(runKey))
    for (const chunk of inChunks(taken))
      yield* connection.run(
        take(chunk.length),
        chunk.flatMap(({ runKey, received = 0 }) => [runKey, received])
      )
    const ended = endedOf(known, settled)
    for (const chunk of inChunks(ended)) yield* connection.run(remove(chunk.length), chunk)
  })

/** They are on disk: runs that are sent nothing any more. */
export const forgetMessages = (known: Set<number>, settled: ReadonlyArray<SettleRow>): void => {
  if (known.size > 0) for (const runKey of endedOf(known, settled)) known.delete(runKey)
}

const endedOf = (known: ReadonlySet<number>, settled: ReadonlyArray<SettleRow>): ReadonlyArray<number> =>
  settled.flatMap(({ runKey, finishedAt }) => (finishedAt !== null && known.has(runKey) ? [runKey] : []))

const find = sized(
  (rows) => `SELECT run_key, number, text FROM messages WHERE run_key IN (VALUES ${placeholders(rows, 1)})
    ORDER BY run_key, number`
)

const upsert = sized(
  (rows) => `WITH v(k, n, t) AS (VALUES ${placeholders(rows, 3)})
    INSERT INTO messages(run_key, number, text)
    SELECT k, n, t FROM v WHERE EXISTS (SELECT 1 FROM runs WHERE run_key = k AND finished_at IS NULL)
    ON CONFLICT(run_key, number) DO UPDATE SET text = excluded.text`
)

const take = sized(
  (rows) => `WITH v(k, n) AS (VALUES ${placeholders(rows, 2)})
    DELETE FROM messages WHERE rowid IN (
      SELECT messages.rowid FROM v CROSS JOIN messages ON messages.run_key = k AND messages.number <= n)`
)

const remove = sized((rows) => `DELETE FROM messages WHERE run_key IN (VALUES ${placeholders(rows, 1)})`)
