/** What commits have told, in SQLite: one row a commit, read by number, and taken by retention from the oldest on. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import { withinBytes } from "../answerBytes.ts"
import type { EventsFilter, EventsRow, StoredEventsRow } from "../jobStore.ts"
import { readColumns, text, whole } from "./columns.ts"
import type { SqliteConnection } from "./connection.ts"
import { limited } from "./reads.ts"

export const writeEvents = (
  connection: SqliteConnection,
  { number, text }: EventsRow,
  at: EpochMillis
): Effect.Effect<unknown, SqlError> =>
  connection.run("INSERT INTO events(number, at, text) VALUES (?, ?, ?)", [number, at, text])

type Stored = readonly [number: number, at: EpochMillis, text: string]

const types = [whole("number", 0), whole("at", 0), text("text")]

export const readEvents = (
  connection: SqliteConnection,
  { after, limit, bytes }: EventsFilter
): Effect.Effect<ReadonlyArray<StoredEventsRow>, SqlError> =>
  Effect.gen(function* () {
    // Lengths first: what is beyond the bytes is never read.
    const lengths = yield* connection.values<readonly [number, number]>(
      `SELECT number, octet_length(text) FROM events WHERE number > ? ORDER BY number ${limited}`,
      [after, limit]
    )
    const last = withinBytes(lengths, ([, length]) => length, bytes).at(-1)
    if (last === undefined) return []
    const rows = yield* connection.values<Stored>(
      "SELECT number, at, text FROM events WHERE number > ? AND number <= ? ORDER BY number",
      [after, last[0]]
    )
    return rows.flatMap((row) => {
      const { row: read, damage } = readColumns(types, row)
      return damage === null ? [{ number: read[0], at: read[1], text: read[2] }] : []
    })
  })

/** The oldest that are older than `before`, up to the first that is not: what is left has no holes. The newest row stays. */
export const oldestEvents = (
  connection: SqliteConnection,
  before: EpochMillis,
  limit: number
): Effect.Effect<ReadonlyArray<number>, SqlError> =>
  Effect.map(
    connection.values<readonly [number, unknown]>(
      `SELECT number, at FROM events WHERE number < (SELECT max(number) FROM events) ORDER BY number ${limited}`,
      [limit]
    ),
    (rows) => {
      const young = rows.findIndex(([, at]) => typeof at === "number" && at >= before)
      return (young === -1 ? rows : rows.slice(0, young)).map(([number]) => number)
    }
  )
