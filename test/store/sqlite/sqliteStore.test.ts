/** What only a file has: owners, kill -9, foreign and damaged files, durability. Long, since each has a file of its own to spoil. */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import Database from "better-sqlite3"
import { Effect, type Scope } from "effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { InvalidSqliteOption, sqlite, type SqliteOptions } from "../../../src/sqlite.ts"
import { dueRows, nextWakeAt } from "../../../src/store/contract/dueReads.ts"
import { batchOf, claim, job, owned, state } from "../../../src/store/contract/storeCheck.ts"
import type { OpenStore } from "../../../src/store/jobStore.ts"
import { schemaVersion } from "../../../src/store/sqlite/migrations/migrations.ts"
import { applicationId, isAtLeast, takePossession } from "../../../src/store/sqlite/open.ts"
import type { StoreError } from "../../../src/store/storeError.ts"

let directory = ""
let filename = ""

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "carillon-sqlite-"))
  filename = join(directory, "jobs.db")
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

describe("ownership", () => {
  it("refuses a file that another process has open, naming it, and takes it once that process is killed", async () => {
    const holder = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "holder.ts"), filename], {
      stdio: ["pipe", "pipe", "inherit"]
    })
    await once(holder.stdout, "data")
    const before = digests()
    expect(await refusal(open({ filename }, 61_000))).toMatchObject({
      _tag: "StoreInUse",
      pid: holder.pid,
      host: "holder",
      ageMs: 60_000
    })
    expect(digests()).toEqual(before)
    holder.kill("SIGKILL")
    await once(holder, "exit")
    const found = await run(
      Effect.flatMap(open({ filename }), (store) => Effect.map(store.reads.jobs({}), (jobs) => ({ store, jobs })))
    )
    expect(found.store).toMatchObject({ epoch: 2, nextJobKey: 2 })
    expect(found.jobs.map(({ id }) => id)).toEqual(["job-1"])
  })

  it("names its own host where the caller knows none", async () => {
    const error = await run(
      Effect.zipRight(
        sqlite({ filename }).open({ pid: 7, host: "", startedAt: 1000 }),
        Effect.flip(Effect.scoped(open({ filename })))
      )
    )
    expect(error).toMatchObject({ _tag: "StoreInUse", pid: 7, host: hostname() })
  })

  it("knows a file by whatever name it is reached", async () => {
    const alias = join(directory, "alias.db")
    symlinkSync(filename, alias)
    const error = await run(Effect.zipRight(open({ filename }), Effect.flip(Effect.scoped(open({ filename: alias })))))
    expect(error._tag).toBe("StoreInUse")
  })

  it("fences the owner from whom the file is taken at its next write, and that write is not there", async () => {
    const outcome = await run(
      Effect.gen(function* () {
        const first = yield* open({ filename })
        yield* first.commit(1, batchOf({ added: [job(1)] }))
        const second = yield* open({ filename, takeOver: true })
        const errors = [
          yield* Effect.flip(first.commit(2, batchOf({ added: [job(2)] }))),
          yield* Effect.flip(first.commit(2, batchOf({ checkpoints: [{ runKey: 1, text: "late" }] }))),
          yield* Effect.flip(first.committed()),
          yield* Effect.flip(
            first.purge({ finishedBefore: 0, maxRuns: 0, doneBefore: 9_000_000_000_000, limit: 10 })
          ).pipe(Effect.catchAll(() => Effect.succeed({ _tag: "nothing to purge" })))
        ]
        yield* second.commit(1, batchOf({ added: [job(3)] }))
        return { tags: errors.map(({ _tag }) => _tag), ids: (yield* second.reads.jobs({})).map(({ id }) => id) }
      })
    )
    expect(outcome).toEqual({
      tags: ["StoreFenced", "StoreFenced", "StoreFenced", "nothing to purge"],
      ids: ["job-1", "job-3"]
    })
  })

  it("gives the file back when its scope closes, with nothing beside it but the empty lock", async () => {
    await run(Effect.flatMap(open({ filename }), (store) => store.commit(1, batchOf({ added: [job(1)] }))))
    expect(readdirSync(directory).toSorted()).toEqual(["jobs.db", "jobs.db.lock"])
    expect(readFileSync(`${filename}.lock`)).toHaveLength(0)
    expect(await run(open({ filename }))).toMatchObject({ epoch: 2 })
  })

  it("keeps nothing of a database in memory, and lets any number be open", async () => {
    const counts = await run(
      Effect.gen(function* () {
        const first = yield* open({ filename: ":memory:" })
        yield* first.commit(1, batchOf({ added: [job(1)] }))
        const second = yield* open({ filename: ":memory:" })
        return [(yield* first.reads.jobs({})).length, (yield* second.reads.jobs({})).length]
      })
    )
    expect(counts).toEqual([1, 0])
    expect(readdirSync(directory)).toEqual([])
  })
})

describe("files it refuses", () => {
  const refusedUntouched = async (expected: object): Promise<void> => {
    const before = digests()
    expect(await refusal(open({ filename }))).toMatchObject(expected)
    expect(digests()).toEqual(before)
  }

  it("leaves what is not a database as it is", async () => {
    writeFileSync(filename, "not a database, and longer than the header of one would be: ".repeat(20))
    await refusedUntouched({ _tag: "StoreUnreadable" })
  })

  it("leaves a file of a newer version as it is, and names both versions", async () => {
    await run(open({ filename }))
    change(`PRAGMA user_version = ${schemaVersion + 1}`)
    await refusedUntouched({ _tag: "StoreTooNew", found: schemaVersion + 1, supported: schemaVersion })
  })

  it("leaves the write-ahead log of a newer version's crash as it is", async () => {
    await run(open({ filename }))
    change(`PRAGMA user_version = ${schemaVersion + 1}`)
    const crashed = new Database(filename)
    crashed.exec("UPDATE owner SET host = 'crashed'")
    const [main, log] = [readFileSync(filename), readFileSync(`${filename}-wal`)]
    crashed.close()
    writeFileSync(filename, main)
    writeFileSync(`${filename}-wal`, log)
    await refusedUntouched({ _tag: "StoreTooNew" })
  })

  it.each(["DELETE", "WAL"])("leaves another program's database as it is (journal %s)", async (mode) => {
    change(`PRAGMA journal_mode = ${mode}`, "CREATE TABLE customers(name)")
    await refusedUntouched({ _tag: "StoreUnreadable" })
  })

  it("leaves a file with a damaged schema as it is", async () => {
    await run(open({ filename }))
    const bytes = readFileSync(filename)
    bytes.fill(0xff, 100, 4096)
    writeFileSync(filename, bytes)
    await refusedUntouched({ _tag: "StoreUnreadable" })
  })

  it("says that a directory does not exist", async () => {
    expect(await refusal(open({ filename: join(directory, "none", "jobs.db") }))).toMatchObject({
      _tag: "StoreUnavailable",
      operation: "open"
    })
  })

  it("takes an empty file for a new one", async () => {
    writeFileSync(filename, "")
    expect(await run(open({ filename }))).toMatchObject({ epoch: 1, nextJobKey: 1 })
    const database = new Database(filename, { readonly: true })
    expect([
      database.pragma("application_id", { simple: true }),
      database.pragma("user_version", { simple: true })
    ]).toEqual([applicationId, schemaVersion])
    database.close()
  })
})

describe("damage", () => {
  it("gives a row with an unknown state as it is, and the other rows beside it", async () => {
    await run(
      Effect.flatMap(open({ filename }), (store) => store.commit(1, batchOf({ added: [job(1), job(2), job(3)] })))
    )
    change("UPDATE job_state SET value = 99, memory = 'torn' WHERE key = 2")
    const due = await run(Effect.flatMap(open({ filename }), (store) => dueRows(store, "default", 9000, 10)))
    expect(due.map(({ key, value, memory }) => [key, value, memory])).toEqual([
      [1, "scheduled", "{}"],
      [2, "code 99", "torn"],
      [3, "scheduled", "{}"]
    ])
  })

  it("fails only the calls that meet a damaged page", async () => {
    const added = Array.from({ length: 2000 }, (_, index) => job(index + 1, { args: JSON.stringify("x".repeat(400)) }))
    await run(Effect.flatMap(open({ filename }), (store) => store.commit(1, batchOf({ added }))))
    const database = new Database(filename, { readonly: true })
    const leaf = database
      .prepare<[], { page: number }>(
        "SELECT pageno AS page FROM dbstat WHERE name = 'jobs' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 50"
      )
      .get()
    database.close()
    const bytes = readFileSync(filename)
    bytes.fill(0xff, ((leaf?.page ?? 1) - 1) * 4096, (leaf?.page ?? 1) * 4096)
    writeFileSync(filename, bytes)
    const answers = await run(
      Effect.flatMap(open({ filename }), (store) =>
        Effect.forEach(added, ({ key }) =>
          Effect.match(store.reads.jobs({ keys: [key] }), {
            onSuccess: ({ length }) => `${length} row`,
            onFailure: ({ _tag }) => _tag
          })
        )
      )
    )
    expect([...new Set(answers)].toSorted()).toEqual(["1 row", "StoreUnreadable"])
    expect(answers.filter((answer) => answer === "StoreUnreadable").length).toBeLessThan(20)
  })
})

describe("the writing connection", () => {
  it.each([
    ["full", 2],
    ["normal", 1]
  ] as const)("syncs as asked, also after it has written: %s", async (durability, synchronous) => {
    const settings = { filename, durability, checkpointPages: 1234, takeOver: false }
    const pragmas = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const {
            hold: { connection }
          } = yield* takePossession(settings, { pid: 1, host: "test", startedAt: 0 })
          yield* connection.transaction(connection.run("UPDATE owner SET host = 'written'"))
          const names = ["synchronous", "journal_mode", "foreign_keys", "wal_autocheckpoint", "busy_timeout"]
          return yield* Effect.forEach(names, (name) =>
            Effect.map(connection.rows<object>(`PRAGMA ${name}`), ([row]) => row)
          )
        })
      )
    )
    expect(pragmas).toEqual([
      { synchronous },
      { journal_mode: "wal" },
      { foreign_keys: 1 },
      { wal_autocheckpoint: 16_000 },
      { timeout: 0 }
    ])
  })

  it("commits while a reader holds an older view, which does not change under it", async () => {
    const seen = await run(
      Effect.gen(function* () {
        const store = yield* open({ filename })
        yield* store.commit(1, batchOf({ added: [job(1)] }))
        const reader = yield* reading()
        reader.exec("BEGIN")
        const count = reader.prepare<[], { jobs: number }>("SELECT count(*) AS jobs FROM jobs")
        const before = count.get()?.jobs
        const committed = yield* store.commit(2, batchOf({ added: [job(2)] }))
        const during = count.get()?.jobs
        reader.exec("COMMIT")
        return { before, committed, during, after: count.get()?.jobs }
      })
    )
    expect(seen).toEqual({ before: 1, committed: true, during: 1, after: 2 })
  })

  it("fails at once while another process writes, and the same commit goes through afterwards", async () => {
    const seen = await run(
      Effect.gen(function* () {
        const store = yield* open({ filename })
        const writer = yield* reading()
        writer.exec("BEGIN IMMEDIATE")
        const error = yield* Effect.flip(store.commit(1, batchOf({ added: [job(1)] })))
        const whileBusy = yield* store.reads.jobs({})
        writer.exec("ROLLBACK")
        return { error, whileBusy, again: yield* store.commit(1, batchOf({ added: [job(1)] })) }
      })
    )
    expect(seen).toMatchObject({ error: { _tag: "StoreUnavailable", operation: "commit" }, whileBusy: [], again: true })
  })

  it("keeps its transactions apart from reads that come in between", async () => {
    const seen = await run(
      Effect.gen(function* () {
        const { store, commit } = yield* owned(sqlite({ filename }))
        yield* commit({ added: Array.from({ length: 500 }, (_, index) => job(index + 1)) })
        const keys = Array.from({ length: 500 }, (_, index) => index + 1)
        const [, ...reads] = yield* Effect.all(
          [
            Effect.flip(
              commit({ states: keys.map((key) => state(key, { wakeAt: 1 })), claims: [claim(1, 1), claim(2, 999)] })
            ),
            ...Array.from({ length: 20 }, () => nextWakeAt(store, "default"))
          ],
          { concurrency: "unbounded" }
        )
        return reads
      })
    )
    expect(new Set(seen)).toEqual(new Set([2000]))
  })
})

describe("a large file", () => {
  it("keeps on the tables that every run writes no index but those a run cannot do without", async () => {
    await run(open({ filename }))
    const database = new Database(filename, { readonly: true })
    const names = database
      .prepare<[], { name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('runs', 'job_state') ORDER BY name"
      )
      .all()
    database.close()
    expect(names.map(({ name }) => name)).toEqual([
      "job_state_done",
      "job_state_rare",
      "job_state_wake",
      "runs_by_job",
      "runs_unfinished"
    ])
  })

  it("lets commits in while it counts, lists or looks through all there is", async () => {
    const order = await run(
      Effect.gen(function* () {
        const { store, commit } = yield* owned(sqlite({ filename }))
        const keys = Array.from({ length: 12_000 }, (_, index) => index + 1)
        yield* commit({
          added: keys.map((key) => job(key)),
          claims: keys.map((key) => claim(key, key))
        })
        const ended: Array<string> = []
        const note = (name: string) => Effect.sync(() => void ended.push(name))
        yield* Effect.all(
          [
            Effect.zipRight(store.reads.countJobs(), note("count")),
            Effect.zipRight(store.reads.jobs({ tag: "none" }), note("list")),
            Effect.zipRight(store.reads.runs({ to: 1 }), note("runs")),
            Effect.zipRight(commit({ states: [state(1)] }), note("commit"))
          ],
          { concurrency: "unbounded" }
        )
        return ended
      })
    )
    expect(order[0]).toBe("commit")
    expect(order.toSorted()).toEqual(["commit", "count", "list", "runs"])
  })

  it("keeps the count of running jobs while jobs change, whether a commit is made or refused", async () => {
    const counted = await run(
      Effect.gen(function* () {
        const { store, commit } = yield* owned(sqlite({ filename }))
        const running = () => Effect.map(store.reads.countJobs(), (counts) => counts.get("running") ?? 0)
        const found = [yield* running()]
        yield* commit({ added: [1, 2, 3, 4].map((key) => job(key, { value: "running" })) })
        found.push(yield* running())
        yield* commit({ states: [state(1), state(2, { value: "paused", wakeAt: null })] })
        found.push(yield* running())
        yield* Effect.ignore(store.commit(3, batchOf({ added: [job(4)], states: [state(1, { value: "running" })] })))
        found.push(yield* running())
        // Of a state whose job is not there nothing is written.
        yield* store.commit(3, batchOf({ states: [state(1, { value: "running" }), state(9, { value: "running" })] }))
        found.push(yield* running())
        yield* store.commit(4, batchOf({ removed: [{ key: 3, removedAt: 5000 }] }))
        found.push(yield* running())
        yield* store.purge({ finishedBefore: 0, maxRuns: 9, doneBefore: 6000, limit: 9 })
        found.push(yield* running())
        return found
      })
    )
    expect(counted).toEqual([0, 4, 2, 2, 3, 2, 2])
  })

  it("finds the newest runs in their order, however fire times and the order of claims agree", async () => {
    const different = await run(
      Effect.gen(function* () {
        const { store, commit } = yield* owned(sqlite({ filename }))
        const keys = Array.from({ length: 9000 }, (_, index) => index + 1)
        // Rising, with a clock that was set back for a while, some that were late, and many of one instant.
        const claimedAt = (key: number): number => 1_000_000 + key - (key > 5000 && key < 6000 ? 3000 : 0)
        const fireAt = (key: number): number =>
          key % 7 === 0 ? claimedAt(key) - ((key * 7919) % 4000) : key % 2 === 0 ? 1_004_000 : claimedAt(key)
        const fired = (key: number): number => Math.min(fireAt(key), claimedAt(key))
        const claims = keys.map((key) => claim(key, 1, { fireAt: fired(key), request: key, claimedAt: claimedAt(key) }))
        yield* commit({ added: [job(1)], claims: claims.slice(0, 4500) })
        const wrong: Array<string> = []
        const look = (through: number) =>
          Effect.forEach([1, 20, 500, 3000], (limit) =>
            Effect.forEach([undefined, 1_002_500, 1_004_000], (from) =>
              Effect.map(store.reads.runs({ limit, ...(from === undefined ? {} : { from }) }), (rows) => {
                const expected = keys
                  .filter((key) => key <= through && fired(key) >= (from ?? 0))
                  .sort((a, b) => fired(b) - fired(a) || b - a)
                  .slice(0, limit)
                if (rows.map(({ runKey }) => runKey).join() !== expected.join())
                  wrong.push(`${through} ${limit} ${from}`)
              })
            )
          )
        yield* look(4500)
        yield* commit({ claims: claims.slice(4500) })
        yield* look(9000)
        yield* look(9000)
        return wrong
      })
    )
    expect(different).toEqual([])
  })

  it("counts running jobs with and without live runs, and paused ones that have some", async () => {
    const counts = await run(
      Effect.gen(function* () {
        const { store, commit } = yield* owned(sqlite({ filename }))
        yield* commit({
          added: [
            job(1, { value: "running" }),
            job(2, { value: "running", wakeAt: null }),
            job(3, { value: "paused", wakeAt: null }),
            job(4),
            job(5, { value: "running" })
          ],
          claims: [claim(1, 1), claim(2, 1, { fireAt: 2001 }), claim(3, 3)]
        })
        yield* commit({ removed: [{ key: 5, removedAt: 5000 }] })
        return yield* store.reads.countJobs()
      })
    )
    expect(counts).toEqual(
      new Map([
        ["running", 2],
        ["paused", 1],
        ["scheduled", 1]
      ])
    )
  })
})

describe("options", () => {
  it.each<[string, unknown]>([
    ["filename", {}],
    ["filename", undefined],
    ["filename", { filename: "" }],
    ["filename", { filename: " jobs.db" }],
    ["filename", { filename: "jobs\0.db" }],
    ["filename", { filename: 7 }],
    ["durability", { filename: "jobs.db", durability: "off" }],
    ["checkpointPages", { filename: "jobs.db", checkpointPages: 0 }],
    ["checkpointPages", { filename: "jobs.db", checkpointPages: NaN }],
    ["takeOver", { filename: "jobs.db", takeOver: "yes" }],
    ["file", { filename: "jobs.db", file: "jobs.db" }]
  ])("refuses a wrong %s before any file is touched", (option, options) => {
    expect(() => sqlite(options as SqliteOptions)).toThrow(
      expect.objectContaining({ _tag: "InvalidSqliteOption", option })
    )
    expect(() => sqlite(options as SqliteOptions)).toThrow(InvalidSqliteOption)
  })

  it.each<[string, unknown]>([
    ["an object", {}],
    ["an object", Object.create(null)],
    ["Symbol(name)", Symbol("name")],
    ["a function", () => "jobs.db"],
    [`"${"x".repeat(100)}…"`, `${"x".repeat(110)} `]
  ])("says in its message that a filename is %s", (found, filename) => {
    expect(() => sqlite({ filename } as SqliteOptions)).toThrow(
      `sqlite: filename is ${found}, expected the name of a file, or ":memory:"`
    )
  })

  it.each<[string, boolean]>([
    ["3.51.3", true],
    ["3.51.4", true],
    ["3.52.0", true],
    ["4.0", true],
    ["3.51.2", false],
    ["3.9.99", false],
    ["2.99.9", false],
    ["", false]
  ])("takes SQLite %s: %s", (version, taken) => {
    expect(isAtLeast(version, [3, 51, 3])).toBe(taken)
  })
})

const open = (options: SqliteOptions, startedAt = 1000): Effect.Effect<OpenStore, StoreError, Scope.Scope> =>
  sqlite(options).open({ pid: 1, host: "test", startedAt })

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Effect.scoped(effect))

const refusal = (opening: Effect.Effect<OpenStore, StoreError, Scope.Scope>): Promise<StoreError> =>
  run(Effect.flip(opening))

/** Every file of the directory but the locks and shared-memory indexes, by content. */
const digests = (): ReadonlyArray<readonly [string, string]> =>
  readdirSync(directory)
    .filter((name) => !name.endsWith(".lock") && !name.endsWith("-shm"))
    .toSorted()
    .map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(directory, name)))
        .digest("hex")
    ])

/** Another program's connection, closed with the scope. */
const reading = () =>
  Effect.acquireRelease(
    Effect.sync(() => new Database(filename)),
    (database) => Effect.sync(() => database.close())
  )

const change = (...statements: ReadonlyArray<string>): void => {
  const database = new Database(filename)
  statements.forEach((statement) => database.exec(statement))
  database.close()
}
