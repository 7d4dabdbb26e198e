/**
 * One SQLite connection through @effect/sql-sqlite-node. Statements go to the reserved connection, past the client's spans and
 * compilers: a statement then costs a few microseconds more than the bare driver's. Nothing here waits: a lock held elsewhere is
 * `SQLITE_BUSY` at once, since the driver's own waiting blocks the event loop.
 */
import { SqlClient } from "@effect/sql"
import { SqlError } from "@effect/sql/SqlError"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Context, Duration, Effect, Layer, type Scope } from "effect"

export interface SqliteConnection {
  /** Runs a statement; the number of rows it changed. */
  run(sql: string, params?: ReadonlyArray<unknown>): Effect.Effect<number, SqlError>
  /** The rows of a query, by column name. */
  rows<Row>(sql: string, params?: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<Row>, SqlError>
  /** The rows of a query as lists of columns, twice as fast as by name: for the wide and the many. */
  values<Row extends ReadonlyArray<unknown>>(
    sql: string,
    params?: ReadonlyArray<unknown>
  ): Effect.Effect<ReadonlyArray<Row>, SqlError>
  /** `body` in one BEGIN IMMEDIATE transaction: committed when it succeeds, rolled back when not. Never interrupted half-way. */
  transaction<A, E>(body: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError>
  /** One at a time: nothing else is let in while `body` runs. Does not nest. */
  alone<A, E>(body: Effect.Effect<A, E>): Effect.Effect<A, E>
  /** True while some `body` is alone. */
  readonly taken: boolean
}

export interface SqliteConnectionOptions {
  readonly filename: string
  readonly readonly?: boolean
}

/** Opens without touching the file, but for creating one that does not exist; closes with the scope. Driver errors may be defects. */
export const connect = (options: SqliteConnectionOptions): Effect.Effect<SqliteConnection, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Layer.build(
      // Statements are few and of fixed texts, so none is ever prepared twice. The layer's ConfigError never happens here.
      SqliteClient.layer({
        ...options,
        disableWAL: true,
        prepareCacheSize: 500,
        prepareCacheTTL: Duration.infinity
      }).pipe(Layer.orDie)
    )
    const driver = yield* Context.get(context, SqlClient.SqlClient).reserve
    const gate = newGate()
    const run: SqliteConnection["run"] = (sql, params = []) => Effect.map(driver.executeRaw(sql, params), changesOf)
    yield* driver.execute("PRAGMA busy_timeout = 0", [], undefined)
    const connection: SqliteConnection = {
      run,
      rows: <Row>(sql: string, params: ReadonlyArray<unknown> = []) =>
        driver.execute(sql, params, undefined) as Effect.Effect<ReadonlyArray<Row>, SqlError>,
      values: <Row extends ReadonlyArray<unknown>>(sql: string, params: ReadonlyArray<unknown> = []) =>
        driver.executeValues(sql, params) as Effect.Effect<ReadonlyArray<Row>, SqlError>,
      transaction: (body) =>
        run("BEGIN IMMEDIATE").pipe(
          Effect.zipRight(body),
          Effect.zipLeft(run("COMMIT")),
          Effect.tapErrorCause(() => Effect.ignore(run("ROLLBACK"))),
          Effect.uninterruptible
        ),
      alone: gate.alone,
      get taken() {
        return gate.taken
      }
    }
    return connection
  })

const newGate = (): Pick<SqliteConnection, "alone" | "taken"> => {
  const gate = Effect.unsafeMakeSemaphore(1)
  let taken = false
  const take = Effect.sync(() => void (taken = true))
  const leave = Effect.sync(() => void (taken = false))
  return {
    alone: (body) => gate.withPermits(1)(Effect.ensuring(Effect.zipRight(take, body), leave)),
    get taken() {
      return taken
    }
  }
}

/** The connection that there is when a statement runs; `null`: there is none just now. */
export const following = (current: () => SqliteConnection | null): SqliteConnection => {
  const gate = newGate()
  const through = <A, E>(use: (connection: SqliteConnection) => Effect.Effect<A, E>): Effect.Effect<A, E | SqlError> =>
    Effect.suspend((): Effect.Effect<A, E | SqlError> => {
      const connection = current()
      return connection === null ? Effect.fail(closed) : use(connection)
    })
  return {
    run: (sql, params) => through((connection) => connection.run(sql, params)),
    rows: (sql, params) => through((connection) => connection.rows(sql, params)),
    values: (sql, params) => through((connection) => connection.values(sql, params)),
    transaction: (body) => through((connection) => connection.transaction(body)),
    alone: gate.alone,
    get taken() {
      return gate.taken
    }
  }
}

/** In the driver's words, which its callers know. */
const closed = new SqlError({ cause: new TypeError("The database connection is not open") })

const changesOf = (result: unknown): number =>
  typeof result === "object" && result !== null && "changes" in result && typeof result.changes === "number"
    ? result.changes
    : 0
