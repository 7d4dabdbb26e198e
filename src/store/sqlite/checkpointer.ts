/**
 * Moves the write-ahead log into the file on a thread of its own: a checkpoint writes and syncs far more than a commit does, and
 * would make one commit in many take 10 to 50 ms. The thread starts when the log is first long enough and never blocks a
 * writer. Where it cannot run or keep up, the log grows to `longestLog`, and SQLite's own checkpoint, inside a commit, moves it.
 */
import { createRequire } from "node:module"
import { Worker } from "node:worker_threads"
import { Effect, type Scope } from "effect"
import type { LogPages } from "./replacedFile.ts"

export interface Checkpointer {
  /** Told after each commit what is in the log. */
  committed(log: LogPages): void
}

/** Pages of the log at which a commit moves them itself: 64 MB, or four times what a checkpoint is begun for. */
export const longestLog = (checkpointPages: number): number => Math.max(16_000, checkpointPages * 4)

/** For the file at `path`, whose connection is closed after this scope. Begins a checkpoint whenever some `pages` were logged. */
export const checkpointer = (
  path: string,
  pages: number,
  findDriver: () => string = driverPath
): Effect.Effect<Checkpointer, never, Scope.Scope> =>
  Effect.gen(function* () {
    let thread: Worker | null = null
    let state: "idle" | "busy" | "broken" = "idle"
    // The log begins anew only at a commit that finds all of it moved: as it grows long, what is left is kept small, so that the
    // commit at `longestLog` has little to move.
    const farPages = longestLog(pages) / 2
    const nearPages = pages / 8
    const start = (): Worker => {
      const started = new Worker(program, { eval: true, workerData: { driver: findDriver(), path } })
      // An idle thread keeps no process alive.
      started.unref()
      started.on("message", () => void (state = "idle"))
      started.on("error", () => {
        state = "broken"
        thread = null
      })
      return started
    }
    yield* Effect.addFinalizer(() =>
      Effect.async<void>((resume) => {
        state = "broken"
        if (thread === null) return resume(Effect.void)
        thread.once("exit", () => resume(Effect.void))
        thread.ref()
        thread.postMessage("close")
      })
    )
    return {
      committed: ({ logged, moved }) => {
        if (state !== "idle" || logged - moved < (logged < farPages ? pages : nearPages)) return
        state = "busy"
        try {
          thread ??= start()
          thread.postMessage("checkpoint")
        } catch {
          // In a program that is one bundled file the driver is not found by name, and here and there no thread may be started.
          state = "broken"
        }
      }
    }
  })

/** The copy of the driver that the store's connection uses: two copies in one process would undo each other's file locks. */
const driverPath = (): string =>
  createRequire(createRequire(import.meta.url).resolve("@effect/sql-sqlite-node")).resolve("better-sqlite3")

/** What the thread runs; text, since a file of its own would have another name in the package than in the sources. */
const program = `
const { parentPort, workerData } = require("node:worker_threads")
const Database = require(workerData.driver)
const connection = new Database(workerData.path, { fileMustExist: true, timeout: 0 })
parentPort.on("message", (message) => {
  if (message === "close") {
    connection.close()
    parentPort.close()
    return
  }
  try {
    connection.pragma("wal_checkpoint(PASSIVE)")
  } catch {
    // Busy, or the disk is full: the rest is for the next time.
  }
  parentPort.postMessage("done")
})
`
