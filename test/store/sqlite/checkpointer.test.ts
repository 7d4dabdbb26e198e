/** The write-ahead log moves into the file beside the commits, while the store is open, and is gone when it closes. */
import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Worker } from "node:worker_threads"
import { Effect } from "effect"
import { expect, it, onTestFinished, vi } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import { batchOf, job } from "../../../src/store/contract/storeCheck.ts"
import type { OpenStore } from "../../../src/store/jobStore.ts"
import { checkpointer, longestLog } from "../../../src/store/sqlite/checkpointer.ts"
import type { LogPages } from "../../../src/store/sqlite/replacedFile.ts"

const pageBytes = 4096
const checkpointPages = 100

const fileOf = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-checkpoint-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return join(directory, "jobs.db")
}

/** Adds jobs, a hundred a commit, `commits` times after those of `store`. */
const addJobs = (store: OpenStore, first: number, commits: number) =>
  commitEach(store, first, commits, (sequence) =>
    Array.from({ length: 100 }, (_, index) => job(sequence * 100 + index))
  )

const commitEach = (
  store: OpenStore,
  first: number,
  commits: number,
  added: (sequence: number) => ReadonlyArray<ReturnType<typeof job>>
) =>
  Effect.forEach(
    Array.from({ length: commits }, (_, index) => first + index),
    (sequence) => store.commit(sequence, batchOf({ added: added(sequence) })),
    { discard: true }
  )

const inStore = (
  filename: string,
  body: (store: OpenStore) => Effect.Effect<void, unknown>,
  pages = checkpointPages
): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(sqlite({ filename, checkpointPages: pages }).open({ pid: 1, host: "test", startedAt: 0 }), body)
    )
  )

it("moves pages into the file long before a commit would, again and again", async () => {
  const filename = fileOf()
  let [commits, log] = [0, 0]
  await inStore(filename, (store) =>
    Effect.gen(function* () {
      const add = (more: number) => Effect.suspend(() => addJobs(store, (commits += more) - more + 1, more))
      for (let round = 0; round < 3; round++) {
        const before = statSync(filename).size
        yield* add(20)
        // The thread may still be at work for the commits before: then it is asked again by the next one.
        const grown = async () => {
          await Effect.runPromise(add(1))
          expect(statSync(filename).size).toBeGreaterThan(before)
        }
        yield* Effect.promise(() => vi.waitFor(grown, { timeout: 10_000, interval: 100 }))
      }
      log = statSync(`${filename}-wal`).size
    })
  )
  expect(log).toBeLessThan(longestLog(checkpointPages) * pageBytes)
  expect(existsSync(`${filename}-wal`)).toBe(false)
  let jobs = 0
  await inStore(filename, (store) => Effect.map(store.reads.jobs({}), ({ length }) => void (jobs = length)))
  expect(jobs).toBe(commits * 100)
})

it("counts what rows take, not rows", async () => {
  const filename = fileOf()
  const large = JSON.stringify("x".repeat(900_000))
  await inStore(
    filename,
    (store) =>
      Effect.gen(function* () {
        const before = statSync(filename).size
        // Some 1,300 pages, in six rows.
        yield* commitEach(store, 1, 6, (sequence) => [{ ...job(sequence), args: large }])
        yield* Effect.promise(() =>
          vi.waitFor(() => expect(statSync(filename).size).toBeGreaterThan(before + large.length), 10_000)
        )
      }),
    1000
  )
})

it("moves what is left of a long log by little and little, so that the commit that ends it has little to move", () => {
  const pages = 4000
  const far = longestLog(pages) / 2
  const begins = (log: LogPages): Promise<boolean> => {
    const asked = vi.fn<() => string>(() => {
      throw new Error("asked")
    })
    return Effect.runPromise(
      Effect.scoped(Effect.map(checkpointer(fileOf(), pages, asked), ({ committed }) => committed(log)))
    ).then(() => asked.mock.calls.length > 0)
  }
  return Promise.all([
    expect(begins({ logged: pages - 1, moved: 0 })).resolves.toBe(false),
    expect(begins({ logged: pages, moved: 0 })).resolves.toBe(true),
    expect(begins({ logged: far - 1, moved: far - pages })).resolves.toBe(false),
    expect(begins({ logged: far, moved: far - pages / 8 })).resolves.toBe(true),
    expect(begins({ logged: far, moved: far - pages / 8 + 1 })).resolves.toBe(false)
  ])
})

it.each([
  [100, 16_000],
  [4000, 16_000],
  [4001, 16_004],
  [100_000, 400_000]
])("is done by a commit itself at 64 megabytes, or four times the pages: %i", (pages, longest) => {
  expect(longestLog(pages)).toBe(longest)
})

it("begins nothing once it is closed", async () => {
  const asked = vi.fn<() => string>(() => "none")
  const { committed } = await Effect.runPromise(Effect.scoped(checkpointer(fileOf(), checkpointPages, asked)))
  committed({ logged: 10_000, moved: 0 })
  expect(asked).not.toHaveBeenCalled()
})

it("does without a thread that dies, and waits for none as it closes", async () => {
  const asked = vi.fn<() => string>(() => join(fileOf(), "no-driver.js"))
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { committed } = yield* checkpointer(fileOf(), checkpointPages, asked)
        const started = once(process, "worker") as Promise<[Worker]>
        committed({ logged: 10_000, moved: 0 })
        yield* Effect.promise(async () => {
          const [thread] = await started
          await expect(once(thread, "exit")).rejects.toThrow("Cannot find module")
        })
        committed({ logged: 20_000, moved: 0 })
      })
    )
  )
  expect(asked).toHaveBeenCalledTimes(1)
})

it("starts no thread for a little work", async () => {
  const filename = fileOf()
  const threads = () => process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort").length
  const before = threads()
  await inStore(filename, (store) => Effect.map(addJobs(store, 1, 1), () => expect(threads()).toBe(before)), 1000)
})

it("does without where its thread cannot start", async () => {
  const [file, asked] = [fileOf(), vi.fn<() => string>()]
  asked.mockImplementation(() => {
    throw new Error("Cannot find module")
  })
  await Effect.runPromise(
    Effect.scoped(
      Effect.map(checkpointer(file, checkpointPages, asked), ({ committed }) => {
        committed({ logged: 10_000, moved: 0 })
        committed({ logged: 20_000, moved: 0 })
      })
    )
  )
  expect(asked).toHaveBeenCalledTimes(1)
})
