/** A session on a database in memory that tells each query it makes. Its tables are not strict, so that damage can be written. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { connect, type SqliteConnection } from "../../../src/store/sqlite/connection.ts"
import { migrations } from "../../../src/store/sqlite/migrations/migrations.ts"
import type { SqliteSession } from "../../../src/store/sqlite/session.ts"

/** The text of a query and what is bound in it. */
type Note = (sql: string, params: ReadonlyArray<unknown>) => void

export const withSession = <A, E>(
  note: Note,
  body: (session: SqliteSession) => Effect.Effect<A, E | SqlError>
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const connection = yield* connect({ filename: ":memory:" })
        for (const sql of migrations.flat()) yield* connection.run(lenient(sql))
        return yield* body({
          connection: noting(connection, note),
          store: "test",
          epoch: 0,
          executors: { numbers: new Map(), names: new Map() },
          running: null,
          checkpointed: new Set(),
          messaged: new Set(),
          stretches: new Map(),
          looked: { runs: 0, ledger: 0 },
          counted: false,
          dueRows: 16
        })
      })
    )
  )

const lenient = (sql: string): string =>
  sql.replace(/ STRICT(, WITHOUT ROWID)?$/, "").replace("fire_at INTEGER NOT NULL", "fire_at INTEGER")

const noting = (connection: SqliteConnection, note: Note): SqliteConnection => ({
  ...connection,
  values: <Row extends ReadonlyArray<unknown>>(sql: string, params: ReadonlyArray<unknown> = []) => {
    note(sql, params)
    return connection.values<Row>(sql, params)
  },
  rows: <Row>(sql: string, params: ReadonlyArray<unknown> = []) => {
    note(sql, params)
    return connection.rows<Row>(sql, params)
  }
})
