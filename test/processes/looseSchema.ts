/**
 * Values that no column may hold, put there past the schema: a page of one table where another's was leaves NULL where NOT NULL is
 * declared, text where numbers belong, and the reverse.
 */
import Database from "better-sqlite3"

/** Opens the file with every column free to hold anything, and gives it back with its schema as it was. */
export const pastSchema = (filename: string, change: (database: Database.Database) => void): void => {
  const made = withSchema(filename, (sql) => (sql.startsWith("CREATE TABLE") ? loosened(sql) : sql))
  const database = new Database(filename)
  database.pragma("foreign_keys = OFF")
  database.pragma("journal_mode = DELETE")
  change(database)
  database.close()
  withSchema(filename, (_, name) => made.get(name) ?? "")
}

/** The keys keep their type: a table lies in their order. Columns without a type hold what they are given. */
const loosened = (sql: string): string =>
  sql
    .replace(/\)\s*STRICT/, ")")
    .replaceAll(" NOT NULL", "")
    .replace(/ CHECK \([^)]*\)/, "")
    .replaceAll(/(\w+) (?:INTEGER|TEXT)(?! PRIMARY KEY)/g, "$1")

/** Rewrites the schema; what it was, by name. */
const withSchema = (filename: string, rewrite: (sql: string, name: string) => string): ReadonlyMap<string, string> => {
  const database = new Database(filename)
  database.unsafeMode()
  database.pragma("writable_schema = ON")
  const objects = database
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    .all()
  const write = database.prepare("UPDATE sqlite_schema SET sql = ? WHERE name = ?")
  for (const { name, sql } of objects) write.run(rewrite(sql, name), name)
  // Other connections read the schema anew.
  const [version] = database.pragma("schema_version") as ReadonlyArray<{ readonly schema_version: number }>
  database.pragma(`schema_version = ${(version?.schema_version ?? 0) + 1}`)
  database.close()
  return new Map(objects.map(({ name, sql }) => [name, sql]))
}

/** One of each kind that SQLite knows, and numbers that are text and the reverse. */
export const foreignValues = [null, 7, 1.5, "7", "x", Buffer.from("[]")] as const

export const shown = (value: unknown): string =>
  Buffer.isBuffer(value) ? "a blob" : value === null ? "NULL" : JSON.stringify(value)
