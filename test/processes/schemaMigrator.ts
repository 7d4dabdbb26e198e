/** A process that migrates the file given first, and kills itself right before the n-th statement of the transaction. */
import { Effect } from "effect"
import type { SqliteConnection } from "../../src/store/sqlite/connection.ts"
import { connect } from "../../src/store/sqlite/connection.ts"
import { migrate } from "../../src/store/sqlite/open.ts"
import { history } from "./schemaHistory.ts"

const [filename = "", at = "1"] = process.argv.slice(2)
let statements = 0

const dying = (connection: SqliteConnection): SqliteConnection => ({
  ...connection,
  run: (sql, params) =>
    Effect.suspend(() => {
      statements += 1
      if (statements === Number(at)) process.kill(process.pid, "SIGKILL")
      return connection.run(sql, params)
    }),
  // The last one dies after all of them, before the commit.
  transaction: (body) =>
    connection.transaction(
      Effect.zipLeft(
        body,
        Effect.sync(() => process.kill(process.pid, "SIGKILL"))
      )
    )
})

await Effect.runPromise(
  Effect.scoped(Effect.flatMap(connect({ filename }), (connection) => migrate(dying(connection), history)))
)
