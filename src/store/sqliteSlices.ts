/** Looking at a whole table without holding anybody up: a slice of keys at a time, everything else let in between. */
import { clearImmediate, setImmediate } from "node:timers"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { SqliteConnection } from "./sqliteConnection.ts"

/** Keys that one slice covers, when little is read of each: 0.6 ms of CPU time, and some of a busy disk. */
export const sliceKeys = 2000

/** Goes on when timers and arrived messages had their turn; a fiber's own yield gives only other fibers theirs. */
export const letOthersIn: Effect.Effect<void> = Effect.async((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})

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
    for (let from = after; from < lastKey; from += sliceKeys) {
      if (from !== after) yield* letOthersIn
      if (!(yield* connection.alone(slice(from, from + sliceKeys)))) return
    }
  })
