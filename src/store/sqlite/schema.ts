/**
 * A file's schema is compared before anything is read through it: a view in the place of a table may be endless, and a trigger may do
 * anything at all at the first write. What a user has added for himself stays: tables, views and indexes that we never touch.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { migrations } from "./migrations/migrations.ts"
import { connect, type SqliteConnection } from "./connection.ts"
import { StoreUnreadable } from "../storeError.ts"

interface SchemaObject {
  readonly type: string
  readonly name: string
  readonly table: string
  readonly sql: string | null
}

/** Fails unless every table and index of schema version `version` is there as it was made, and no trigger is on them. */
export const refuseForeignSchema = (
  connection: SqliteConnection,
  version: number,
  store: string
): Effect.Effect<void, SqlError | StoreUnreadable> =>
  Effect.gen(function* () {
    const expected = yield* expectedOf(version)
    const found = yield* readSchema(connection)
    const cause = difference(expected, found)
    if (cause !== null) return yield* new StoreUnreadable({ store, cause })
  })

/** Names in SQL are the same in capitals. */
const difference = (expected: ReadonlyArray<SchemaObject>, found: ReadonlyArray<SchemaObject>): string | null => {
  const byName = new Map(found.map((object) => [object.name.toLowerCase(), object]))
  for (const { type, name, sql } of expected) {
    const object = byName.get(name)
    if (object === undefined) return `its ${type} "${name}" is missing`
    if (object.type !== type) return `"${name}" is a ${object.type}, where a ${type} belongs`
    if (plain(object.sql) !== plain(sql)) return `its ${type} "${name}" is not as it was made`
  }
  const tables = new Set(expected.map(({ table }) => table))
  const trigger = found.find(({ type, table }) => type === "trigger" && tables.has(table.toLowerCase()))
  return trigger === undefined ? null : `there is a trigger "${trigger.name}" on its table "${trigger.table}"`
}

const plain = (sql: string | null): string => (sql ?? "").replace(/\s+/g, " ")

/** SQLite makes indexes of its own for keys; those come and go with their tables. */
const readSchema = (connection: SqliteConnection): Effect.Effect<ReadonlyArray<SchemaObject>, SqlError> =>
  connection.rows<SchemaObject>(
    `SELECT CAST(type AS TEXT) AS type, CAST(name AS TEXT) AS name, coalesce(CAST(tbl_name AS TEXT), '') AS "table",
      CAST(sql AS TEXT) AS sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`
  )

/** By version; made when first asked for, which takes a millisecond. */
const made = new Map<number, ReadonlyArray<SchemaObject>>()

const expectedOf = (version: number): Effect.Effect<ReadonlyArray<SchemaObject>, SqlError> =>
  Effect.suspend(() => {
    const known = made.get(version)
    if (known !== undefined) return Effect.succeed(known)
    return Effect.scoped(
      Effect.gen(function* () {
        const connection = yield* connect({ filename: ":memory:" })
        for (const statement of migrations.slice(0, version).flat()) yield* connection.run(statement)
        return yield* readSchema(connection)
      })
    ).pipe(Effect.tap((schema) => Effect.sync(() => made.set(version, schema))))
  })
