/** Whose a file is, by what its header says and whether there are tables in it. */
import { Effect, Either } from "effect"
import { describe, expect, it } from "vitest"
import { connect } from "../../../src/store/sqlite/connection.ts"
import { schemaVersion } from "../../../src/store/sqlite/migrations/migrations.ts"
import { applicationId, refuse } from "../../../src/store/sqlite/open.ts"

/** What becomes of a file with these numbers in its header. */
const refusal = (application: number, version: number, sql: ReadonlyArray<string>) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const connection = yield* connect({ filename: ":memory:" })
        yield* connection.run(`PRAGMA application_id = ${application}`)
        yield* connection.run(`PRAGMA user_version = ${version}`)
        for (const statement of sql) yield* connection.run(statement)
        const found = yield* Effect.either(refuse(connection, "my store"))
        return Either.isLeft(found) ? found.left : null
      })
    )
  )

describe("a file", () => {
  it.each<[what: string, application: number, version: number, sql: ReadonlyArray<string>]>([
    ["new", 0, 0, []],
    ["ours and empty still", applicationId, 0, []]
  ])("is taken where it is %s", async (_what, ...file) => {
    expect(await refusal(...file)).toBeNull()
  })

  it.each<[by: string, application: number, version: number, sql: ReadonlyArray<string>]>([
    ["its application", applicationId + 1, 0, []],
    ["a version of nobody's", 0, 1, []],
    ["a table of nobody's", 0, 0, ["CREATE TABLE t(x)"]]
  ])("is another program's by %s", async (_by, ...file) => {
    expect(await refusal(...file)).toMatchObject({
      _tag: "StoreUnreadable",
      store: "my store",
      cause: "it is another program's database"
    })
  })

  it("is too new from the next version on", async () => {
    expect(await refusal(applicationId, schemaVersion + 1, [])).toMatchObject({
      _tag: "StoreTooNew",
      found: schemaVersion + 1,
      supported: schemaVersion
    })
  })
})
