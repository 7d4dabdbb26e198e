/** The table of an outbox, in the program's own database: SQLite, PostgreSQL or MySQL, through its `SqlClient`. */
import { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"

/** One job that waits in the table. */
export interface OutboxRow {
  /** Ascending with the order of writing. */
  readonly key: number | bigint | string
  readonly text: string
}

/** What is done with the table; each in the transaction of the Effect that it is part of, where there is one. */
export interface OutboxTable {
  /** Makes it if it is not there. */
  readonly create: Effect.Effect<void, SqlError, SqlClient>
  readonly insert: (text: string) => Effect.Effect<void, SqlError, SqlClient>
  /** The oldest that were committed and not refused, after the key `after`, at most `most`. */
  readonly oldest: (
    most: number,
    after: OutboxRow["key"]
  ) => Effect.Effect<ReadonlyArray<OutboxRow>, SqlError, SqlClient>
  readonly remove: (rows: ReadonlyArray<OutboxRow>) => Effect.Effect<void, SqlError, SqlClient>
  /** Keeps a row with the reason why it cannot be added. */
  readonly refuse: (row: OutboxRow, reason: string) => Effect.Effect<void, SqlError, SqlClient>
}

/** `name` is a checked identifier. */
export const outboxTable = (name: string): OutboxTable => ({
  create: Effect.flatMap(SqlClient, (sql) =>
    Effect.asVoid(
      sql.onDialectOrElse({
        pg: () =>
          sql`CREATE TABLE IF NOT EXISTS ${sql(name)} (id BIGSERIAL PRIMARY KEY, job TEXT NOT NULL, refused TEXT)`,
        mysql: () =>
          sql`CREATE TABLE IF NOT EXISTS ${sql(name)} (id BIGINT AUTO_INCREMENT PRIMARY KEY, job LONGTEXT NOT NULL, refused LONGTEXT)`,
        orElse: () =>
          sql`CREATE TABLE IF NOT EXISTS ${sql(name)} (id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, refused TEXT)`
      })
    )
  ),
  insert: (text) =>
    Effect.flatMap(SqlClient, (sql) => Effect.asVoid(sql`INSERT INTO ${sql(name)} (job) VALUES (${text})`)),
  oldest: (most, after) =>
    Effect.flatMap(SqlClient, (sql) =>
      Effect.map(
        sql<{ readonly id: OutboxRow["key"]; readonly job: string }>`
          SELECT id, job FROM ${sql(name)} WHERE id > ${after} AND refused IS NULL ORDER BY id LIMIT ${most}`,
        (rows) => rows.map(({ id, job }) => ({ key: id, text: job }))
      )
    ),
  remove: (rows) =>
    Effect.flatMap(SqlClient, (sql) =>
      Effect.asVoid(
        sql`DELETE FROM ${sql(name)} WHERE ${sql.in(
          "id",
          rows.map(({ key }) => key)
        )}`
      )
    ),
  refuse: (row, reason) =>
    Effect.flatMap(SqlClient, (sql) =>
      Effect.asVoid(sql`UPDATE ${sql(name)} SET refused = ${reason} WHERE id = ${row.key}`)
    )
})
