/**
 * Looking at a whole table without holding anybody up: a slice of rows at a time, everything else let in between. A slice goes on from
 * the next key that there is, so what a walk costs follows the rows and not the highest key; and it ends early where rows are large.
 */
import { clearImmediate, setImmediate } from "node:timers"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { sliceTurn } from "../sliceTurn.ts"
import type { SqliteConnection } from "./connection.ts"

/** Rows that one slice covers, when little is read of each: 0.6 ms of CPU time, and some of a busy disk. */
export const sliceKeys = 2000
/** Rows that are read whole in one slice, and bytes of long texts in them: some 2 ms each. */
const sliceRows = 500
export const sliceBytes = 2_000_000

/** Goes on when timers and arrived messages had their turn; a fiber's own yield gives only other fibers theirs. */
export const yieldToEventLoop: Effect.Effect<void> = sliceTurn(
  Effect.async((resume) => {
    const turn = setImmediate(() => resume(Effect.void))
    return Effect.sync(() => clearImmediate(turn))
  })
)

/** Splits `rows` into slices that can be read whole: one that is too large is alone. */
export function* bySize<Row>(
  rows: ReadonlyArray<Row>,
  bytesOf: (row: Row) => number
): Generator<ReadonlyArray<Row>, undefined> {
  let slice: Array<Row> = []
  let bytes = 0
  for (const row of rows) {
    const more = bytesOf(row)
    if (slice.length === sliceRows || (slice.length > 0 && bytes + more > sliceBytes)) {
      yield slice
      slice = []
      bytes = 0
    }
    slice.push(row)
    bytes += more
  }
  if (slice.length > 0) yield slice
}

/**
 * Gives `slice` the keys of `jobs` above `after`, ascending, as ranges (lower bound exclusive, upper inclusive), until it answers
 * false or the keys that there were at the start are through. Each slice has the connection for itself.
 */
export const sliceJobs = (
  connection: SqliteConnection,
  after: number,
  slice: (after: number, through: number) => Effect.Effect<boolean, SqlError>
): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    const [last] = yield* connection.alone(connection.rows<{ key: number | null }>("SELECT max(key) AS key FROM jobs"))
    const lastKey = last?.key ?? 0
    for (let from = after; from < lastKey;) {
      if (from !== after) yield* yieldToEventLoop
      const begin = from
      const through = yield* connection.alone(
        Effect.gen(function* () {
          const [found] = yield* connection.rows<{ through: number | null }>(endOfSlice, [begin, lastKey, sliceKeys])
          const key = found?.through ?? null
          return key !== null && (yield* slice(begin, key)) ? key : null
        })
      )
      // Numbers beyond 2^53 are read rounded: a walk that gets no further ends.
      if (through === null || through <= from) return
      from = through
    }
  })

const endOfSlice =
  "SELECT max(key) AS through FROM (SELECT key FROM jobs WHERE key > ? AND key <= ? ORDER BY key LIMIT ? + 0)"
