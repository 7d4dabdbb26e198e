/** What an owner's open file does when something happens to it: what can be mended is, and what cannot be is told for good. */
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync
} from "node:fs"
import Database from "better-sqlite3"
import { Effect, Either, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import { batchOf, idsOf, job, owned } from "../../../src/store/contract/storeCheck.ts"
import type { Owner } from "../../../src/store/contract/storeCheck.ts"
import type { OpenStore } from "../../../src/store/jobStore.ts"
import type { StoreError } from "../../../src/store/storeError.ts"
import { temporaryFile } from "../../scenarios/world.ts"

const all = { finishedBefore: 0, maxRuns: 9, doneBefore: 0, limit: 9 }

/** What becomes of a store with one job in it; then its file is opened again, and has these jobs. */
const held = async <A, E>(
  body: (owner: Owner, filename: string) => Effect.Effect<A, E, Scope.Scope>
): Promise<{ readonly found: A; readonly left: ReadonlyArray<string> | StoreError["_tag"] }> => {
  const filename = temporaryFile()
  const found = await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const owner = yield* owned(sqlite({ filename, durability: "normal" }))
        yield* owner.commit({ added: [job(1)] })
        return yield* body(owner, filename)
      })
    )
  )
  const reopened = Effect.flatMap(owned(sqlite({ filename })), ({ store }) => store.reads.jobs({}))
  const left = await Effect.runPromise(Effect.either(Effect.scoped(reopened)))
  return { found, left: Either.isRight(left) ? idsOf(left.right) : left.left._tag }
}

const second = batchOf({ added: [job(2)] })
const errorOf = <A>(effect: Effect.Effect<A, StoreError>) => Effect.flip(effect)
const closeHandleOf = (path: string): void => closeSync(openSync(path, "r"))

describe("a file that was moved away", () => {
  it("takes no commit until it is put back", async () => {
    const { found, left } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        renameSync(filename, `${filename}.away`)
        const error = yield* errorOf(store.commit(2, second))
        renameSync(`${filename}.away`, filename)
        return { error, again: yield* store.commit(2, second), committed: yield* store.committed() }
      })
    )
    expect(found).toMatchObject({
      error: { _tag: "StoreUnavailable", operation: "commit", remedy: "nothing is acknowledged until then" },
      again: true,
      committed: 2
    })
    expect(left).toEqual(["job-1", "job-2"])
  })
})

describe("a log that was taken away", () => {
  it.each(["-wal", "-shm"])("is moved into the file first, and the same commit goes through then: %s", async (part) => {
    const { found, left } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        rmSync(`${filename}${part}`)
        const error = yield* errorOf(store.commit(2, second))
        return { error, again: yield* store.commit(2, second), jobs: idsOf(yield* store.reads.jobs({})) }
      })
    )
    expect(found).toMatchObject({
      error: { _tag: "StoreUnavailable", remedy: "it was mended: nothing acknowledged is lost" },
      again: true,
      jobs: ["job-1", "job-2"]
    })
    expect(String(found.error.cause)).toMatch(/was deleted or replaced while in use$/)
    expect(left).toEqual(["job-1", "job-2"])
  })

  it("is moved so too where another program's lies in its place, which goes", async () => {
    const { found, left } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        rmSync(`${filename}-wal`)
        writeFileSync(`${filename}-wal`, "another")
        return { error: yield* errorOf(store.commit(2, second)), again: yield* store.commit(2, second) }
      })
    )
    expect(found).toMatchObject({ error: { remedy: "it was mended: nothing acknowledged is lost" }, again: true })
    expect(left).toEqual(["job-1", "job-2"])
  })

  it("stays as it is while another connection reads it, which the owner is told", async () => {
    const { found, left } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        const reader = new Database(filename)
        reader.exec("BEGIN; SELECT * FROM jobs")
        yield* store.commit(2, second)
        renameSync(`${filename}-wal`, `${filename}-away`)
        const error = yield* errorOf(store.commit(3, batchOf({})))
        reader.close()
        return {
          error,
          last: yield* Effect.either(store.commit(3, batchOf({}))),
          again: yield* store.commit(3, batchOf({}))
        }
      })
    )
    expect(found).toMatchObject({
      error: { _tag: "StoreUnavailable", remedy: "end that process" },
      last: { _tag: "Left" },
      again: true
    })
    expect(left).toEqual(["job-1", "job-2"])
  })
})

describe.runIf(process.platform === "linux")("locks that were dropped", () => {
  it.each(["", "-shm", ".lock"])("are taken again, and the commit goes through: jobs.db%s", async (part) => {
    const { found, left } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        closeHandleOf(`${filename}${part}`)
        const first = yield* store.commit(2, second)
        const other = yield* Effect.flip(Effect.scoped(owned(sqlite({ filename }))))
        return { first, other, again: yield* store.commit(2, second) }
      })
    )
    expect(found).toMatchObject({ first: true, other: { _tag: "StoreInUse" }, again: false })
    expect(left).toEqual(["job-1", "job-2"])
  })

  it("are taken again with an index of the log that is made anew, for another program may have begun one", async () => {
    const { found, left } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        const before = readFileSync(`${filename}-shm`).subarray(0, 96)
        yield* store.commit(2, second)
        const index = openSync(`${filename}-shm`, "r+")
        writeSync(index, before, 0, before.length, 0)
        closeSync(index)
        return [yield* store.commit(3, batchOf({ added: [job(3)] })), idsOf(yield* store.reads.jobs({}))]
      })
    )
    expect(found).toEqual([true, ["job-1", "job-2", "job-3"]])
    expect(left).toEqual(["job-1", "job-2", "job-3"])
  })

  it("are taken again after a commit too, which is there", async () => {
    const { found, left } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        const batch = {
          ...second,
          // Read within the transaction.
          get marks() {
            closeHandleOf(filename)
            return []
          }
        }
        const first = yield* store.commit(2, batch)
        const other = yield* Effect.flip(Effect.scoped(owned(sqlite({ filename }))))
        return [first, other._tag, yield* store.committed(), idsOf(yield* store.reads.jobs({}))]
      })
    )
    expect(found).toEqual([true, "StoreInUse", 2, ["job-1", "job-2"]])
    expect(left).toEqual(["job-1", "job-2"])
  })

  it("are not, where another program has the file's lock by now", async () => {
    const { found } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        rmSync(`${filename}.lock`)
        const thief = new Database(`${filename}.lock`)
        thief.exec("BEGIN EXCLUSIVE")
        const error = yield* errorOf(store.commit(2, second))
        thief.close()
        return { error, again: yield* store.commit(2, second) }
      })
    )
    expect(found).toMatchObject({ error: { _tag: "StoreUnavailable", remedy: "stop that process" }, again: true })
  })
})

describe("a file that lost a part of it", () => {
  const spoils: ReadonlyArray<readonly [string, (filename: string) => void]> = [
    ["its end", (filename) => truncateSync(filename, statSync(filename).size - 4096)],
    ["all", (filename) => truncateSync(filename, 0)],
    ["its log's end", (filename) => truncateSync(`${filename}-wal`, statSync(`${filename}-wal`).size - 1)]
  ]
  /** All of a store's calls. */
  const calls = (store: OpenStore): ReadonlyArray<Effect.Effect<unknown, StoreError>> => [
    store.commit(2, second),
    store.orphans(0, 9),
    store.purge(all),
    store.forgottenThrough(),
    store.reads.jobs({}),
    store.reads.ledger({}),
    store.due({ now: 9000, executors: [{ name: "default", limit: 9 }], exceptTasks: [], exceptKeys: [] })
  ]

  it.each(spoils)("has lost it for good: %s", async (_what, spoil) => {
    const { found } = await held(({ store, commit }, filename) =>
      Effect.gen(function* () {
        yield* commit({})
        spoil(filename)
        const first = yield* errorOf(store.commit(3, second))
        const others = yield* Effect.forEach(calls(store), errorOf)
        return { first, same: others.map((error) => error === first), committed: yield* store.committed() }
      })
    )
    expect(found.first).toMatchObject({ _tag: "StoreUnreadable" })
    expect(found.first.message).toContain("look at it with carillon verify")
    expect(found.same).toEqual(found.same.map(() => true))
    // What was acknowledged stays so: no other commit will ever count as made.
    expect(found.committed).toBe(2)
  })
})

describe("a file that was cut off while nobody looked", () => {
  it("has lost it for good once a question fails for it", async () => {
    const filename = temporaryFile()
    const owning = <A, E>(body: (owner: Owner) => Effect.Effect<A, E>) =>
      Effect.runPromise(Effect.scoped(Effect.flatMap(owned(sqlite({ filename, durability: "normal" })), body)))
    await owning(({ commit }) => commit({ added: Array.from({ length: 500 }, (_, at) => job(at + 1)) }))
    const errors = await owning(({ store }) => {
      truncateSync(filename, 8192)
      return Effect.all([errorOf(store.reads.jobs({ byWake: false })), errorOf(store.commit(1, second))])
    })
    expect(errors[0]).toMatchObject({ _tag: "StoreUnreadable", cause: "it was cut off by another program" })
    expect(errors[1]).toBe(errors[0])
  })

  // SQLite itself looks no closer than at sixty-four kilobytes.
  it.each([
    ["its last page", (size: number) => size - 4096],
    ["all but its first", () => 4096]
  ])("keeps what is left of it and its log as its owner leaves: without %s", async (_what, cutTo) => {
    const filename = temporaryFile()
    const owning = (body: (owner: Owner) => Effect.Effect<unknown, StoreError>) =>
      Effect.runPromise(Effect.scoped(Effect.flatMap(owned(sqlite({ filename, durability: "normal" })), body)))
    const left = () => [filename, `${filename}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })?.size)
    await owning(({ commit }) => commit({ added: Array.from({ length: 500 }, (_, at) => job(at + 1)) }))
    let before: ReadonlyArray<unknown> = []
    await owning(({ commit }) =>
      Effect.map(commit({ added: [job(501)] }), () => {
        truncateSync(filename, cutTo(statSync(filename).size))
        before = left()
      })
    )
    expect(left()).toEqual(before)
  })
})

describe.runIf(process.platform === "linux")("a file that is opened anew", () => {
  /** Another program makes the file what it was, while the owner's locks are dropped. */
  const undone = (filename: string, sql: string): void => {
    closeHandleOf(filename)
    const other = new Database(filename)
    other.exec(sql)
    other.close()
    closeHandleOf(filename)
  }

  it.each([
    ["an older commit", "UPDATE owner SET sequence = 0", "StoreUnreadable"],
    ["an older owner", "UPDATE owner SET epoch = 0", "StoreUnreadable"],
    ["no owner at all", "DROP TABLE owner", "StoreUnreadable"],
    ["a newer owner", "UPDATE owner SET epoch = 9", "StoreFenced"]
  ])("and has %s is not written to", async (_what, sql, tag) => {
    const { found } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        undone(filename, sql)
        return [yield* errorOf(store.commit(2, second)), yield* errorOf(store.commit(2, second))]
      })
    )
    expect(found.map(({ _tag }) => _tag)).toEqual([tag, tag])
  })

  it("and has all that was acknowledged goes on", async () => {
    const { found, left } = await held(({ store }, filename) =>
      Effect.gen(function* () {
        undone(filename, "UPDATE owner SET host = 'elsewhere'")
        return yield* store.commit(2, second)
      })
    )
    expect([found, left]).toEqual([true, ["job-1", "job-2"]])
  })
})
