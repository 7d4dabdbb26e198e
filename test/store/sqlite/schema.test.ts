/** A file is read only where its tables are as they were made; what a user has added for himself may stay. */
import Database from "better-sqlite3"
import { Effect, Either } from "effect"
import { describe, expect, it } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import { owned } from "../../../src/store/contract/storeCheck.ts"
import { temporaryFile } from "../../scenarios/world.ts"

/** What an opening says of a file that was changed; `null`: nothing. */
const refusal = async (...statements: ReadonlyArray<string>): Promise<unknown> => {
  const filename = temporaryFile()
  const opening = Effect.scoped(owned(sqlite({ filename })))
  await Effect.runPromise(opening)
  const database = new Database(filename)
  database.unsafeMode(true)
  for (const statement of statements) database.exec(statement)
  database.close()
  const found = await Effect.runPromise(Effect.either(opening))
  return Either.isRight(found) ? null : [found.left._tag, "cause" in found.left ? found.left.cause : null]
}

/** Puts another text in the place of one that SQLite has kept. */
const rewritten = (name: string, from: string, to: string): ReadonlyArray<string> => [
  "PRAGMA writable_schema = ON",
  `UPDATE sqlite_schema SET sql = replace(sql, '${from}', '${to}') WHERE name = '${name}'`
]

describe("a file's schema", () => {
  it.each([
    ["a table is missing", ["DROP TABLE marks"], 'its table "marks" is missing'],
    ["an index is missing", ["DROP INDEX runs_unfinished"], 'its index "runs_unfinished" is missing'],
    [
      "a view is in the place of a table",
      ["DROP TABLE marks", "CREATE VIEW marks AS SELECT 1 AS name, 2 AS value"],
      '"marks" is a view, where a table belongs'
    ],
    [
      "an index is another",
      ["DROP INDEX runs_unfinished", "CREATE INDEX runs_unfinished ON runs(run_key)"],
      'its index "runs_unfinished" is not as it was made'
    ],
    [
      "a column is another",
      rewritten("marks", "value TEXT NOT NULL", "value TEXT"),
      'its table "marks" is not as it was made'
    ],
    ["it is of another version than it says", ["PRAGMA user_version = 1"], 'its table "owner" is not as it was made'],
    [
      "a trigger is on a table",
      ["CREATE TRIGGER t AFTER INSERT ON JOBS BEGIN DELETE FROM marks; END"],
      'there is a trigger "t" on its table "JOBS"'
    ]
  ])("is refused where %s", async (_what, statements, cause) => {
    expect(await refusal(...statements)).toEqual(["StoreUnreadable", cause])
  })

  it.each([
    [
      "tables, views and indexes of the user's own are there",
      ["CREATE TABLE mine(x)", "CREATE VIEW v AS SELECT 1", "CREATE INDEX i ON jobs(task)"]
    ],
    [
      "a trigger is on a table of the user's own",
      ["CREATE TABLE mine(x)", "CREATE TRIGGER t AFTER INSERT ON mine BEGIN DELETE FROM mine; END"]
    ],
    ["a text has other spaces in it", rewritten("runs", " ", "  ")]
  ])("is taken where %s", async (_what, statements) => {
    expect(await refusal(...statements)).toBeNull()
  })
})
