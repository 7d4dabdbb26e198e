/** A connection's statements, its transactions, and that one body at a time has it. */
import { Effect, Exit, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { connect, following, type SqliteConnection } from "../../../src/store/sqlite/connection.ts"

const connected = <A, E>(body: (connection: SqliteConnection) => Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const connection = yield* connect({ filename: ":memory:" })
        yield* connection.run("CREATE TABLE t(x)")
        return yield* body(connection)
      })
    )
  )

const inserted = (connection: SqliteConnection) => connection.run("INSERT INTO t VALUES (1), (2)")
const count = (connection: SqliteConnection) =>
  Effect.map(connection.values<readonly [number]>("SELECT count(*) FROM t"), ([row]) => row?.[0])

describe.each([
  ["a connection", (connection: SqliteConnection) => connection],
  ["one that follows another", (connection: SqliteConnection) => following(() => connection)]
])("%s", (_what, of) => {
  it("tells how many rows it changed, and gives rows by name and as lists", async () => {
    const found = await connected((given) =>
      Effect.gen(function* () {
        const connection = of(given)
        return [
          yield* inserted(connection),
          yield* connection.run("SELECT 1"),
          yield* connection.rows("SELECT x FROM t WHERE x > ?", [1]),
          yield* connection.values("SELECT x, 5 FROM t WHERE x > ?", [1])
        ]
      })
    )
    expect(found).toEqual([2, 0, [{ x: 2 }], [[2, 5]]])
  })

  it("has nothing of a transaction that fails, and all of one that does not", async () => {
    const found = await connected((given) =>
      Effect.gen(function* () {
        const connection = of(given)
        const failed = yield* Effect.exit(
          connection.transaction(Effect.zipRight(inserted(connection), Effect.fail("no")))
        )
        const died = yield* Effect.exit(connection.transaction(Effect.zipRight(inserted(connection), Effect.die("no"))))
        const before = yield* count(connection)
        yield* connection.transaction(inserted(connection))
        return [Exit.isFailure(failed), Exit.isFailure(died), before, yield* count(connection)]
      })
    )
    expect(found).toEqual([true, true, 0, 2])
  })

  it("lets in one body at a time, and says so", async () => {
    const found = await connected((given) =>
      Effect.gen(function* () {
        const connection = of(given)
        const notes: Array<unknown> = [connection.taken]
        const body = (name: string) =>
          connection.alone(
            Effect.gen(function* () {
              notes.push(name, connection.taken)
              yield* Effect.yieldNow()
              notes.push(name)
            })
          )
        const first = yield* Effect.fork(body("first"))
        yield* body("second")
        yield* Fiber.join(first)
        yield* Effect.exit(connection.alone(Effect.fail("no")))
        notes.push(connection.taken)
        return notes
      })
    )
    expect(found.filter((each) => typeof each === "boolean")).toEqual([false, true, true, false])
    const names = found.filter((each) => typeof each === "string")
    expect(names[0]).toBe(names[1])
    expect(names[2]).toBe(names[3])
  })
})

it("one that follows none says that it is not open", async () => {
  const none = following(() => null)
  for (const effect of [
    none.run("SELECT 1"),
    none.rows("SELECT 1"),
    none.values("SELECT 1"),
    none.transaction(Effect.void)
  ])
    expect(String((await Effect.runPromise(Effect.flip(effect))).cause)).toContain("is not open")
})
