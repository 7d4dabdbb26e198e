/**
 * `SQLITE_BUSY`: another process writes to the file for 10 ms to a minute. The event loop is not blocked, nothing is lost, and the
 * scheduler heals by itself. Real time, since a lock of another process knows no other.
 */
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { describe, expect, it, onTestFinished } from "vitest"
import type { SchedulerEvent } from "../../src/index.ts"
import { createScheduler, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { temporaryFile } from "../scenarios/world.ts"
import { until } from "./condition.ts"
import { bundled } from "../bundle.ts"

/** The longest hold in milliseconds; a minute where the catalogue's whole range is wanted. */
const longestMs = Number(process.env["BUSY_MS"] ?? 3000)
/** Far more than any turn of a busy machine takes, far less than the hold. */
const mostDelayMs = 1000

const holderOf = async (filename: string) => {
  const program = await bundled(join(import.meta.dirname, "busyHolder.ts"), dirname(filename))
  const holder: ChildProcess = spawn(process.execPath, [program, filename], { stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(async () => {
    if (holder.exitCode !== null) return
    holder.kill("SIGKILL")
    await once(holder, "exit")
  })
  const { stdin, stdout } = holder
  if (stdin === null || stdout === null) throw new Error("the holder has no pipes")
  await once(stdout, "data")
  const tell = async (word: "hold" | "release"): Promise<void> => {
    stdin.write(`${word}\n`)
    await once(stdout, "data")
  }
  return { tell, end: () => stdin.end() }
}

it("every transaction that writes begins immediate", () => {
  // One that read first could be refused at its first write, however long it waited.
  const directory = join(import.meta.dirname, "../../src/store/sqlite")
  const begins = readdirSync(directory)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) =>
      [...readFileSync(join(directory, name), "utf8").matchAll(/"(BEGIN[^"]*)"/g)].map(
        ([, begin]) => `${name}: ${begin}`
      )
    )
  // The snapshot's connection cannot write at all, and the lock is a file of its own.
  expect(begins.toSorted()).toEqual([
    "connection.ts: BEGIN IMMEDIATE",
    "ownership.ts: BEGIN EXCLUSIVE",
    "snapshot.ts: BEGIN"
  ])
})

describe("another process that writes to the file", () => {
  it.each([10, 300, longestMs])(
    "for %i ms: nothing is lost or run twice, the loop is never blocked, and the scheduler heals",
    async (holdMs) => {
      const filename = temporaryFile()
      const ran: Array<string> = []
      const note = task("note", ({ jobId, fireAt }) => void ran.push(`${jobId} ${fireAt}`))
      const scheduler = createScheduler({ store: sqlite({ filename }), tasks: [note], commandTimeout: null })
      const events: Array<SchedulerEvent> = []
      scheduler.events$.subscribe((event) => events.push(event))
      await scheduler.start()
      onTestFinished(() => scheduler.shutdown({ wait: false }))
      await scheduler.addJob({ id: "each", task: note, trigger: interval(50), coalesce: "all", overlap: "queue-all" })
      const holder = await holderOf(filename)
      await until("runs before", () => ran.length > 3)
      const delays = monitorEventLoopDelay({ resolution: 10 })
      delays.enable()
      await holder.tell("hold")
      const begun = performance.now()
      const added = scheduler.addJob({ id: "added", task: note, trigger: interval(50) })
      await until("the hold to end", () => performance.now() - begun >= holdMs)
      const [lost] = events.filter(({ type }) => type === "SchedulerDegraded")
      if (holdMs >= 300) {
        expect(lost).toMatchObject({
          errorTag: "StoreUnavailable",
          reason: expect.stringContaining("locked") as string
        })
        expect(await scheduler.status()).toMatchObject({
          state: "degraded",
          stores: [{ lost: true, jobs: expect.anything() as object }]
        })
        const since = events.indexOf(lost as SchedulerEvent)
        expect(events.slice(since).filter(({ type }) => type === "RunClaimed")).toEqual([])
      }
      await holder.tell("release")
      await added
      delays.disable()
      holder.end()
      await until("runs afterwards", () => ran.some((line) => line.startsWith("added")))
      expect(delays.max / 1e6).toBeLessThan(mostDelayMs)
      const { violations } = await scheduler.verify()
      expect(violations).toEqual([])
      await scheduler.shutdown()
      expect(new Set(ran).size).toBe(ran.length)
      const told = events.map(({ type }) => type)
      const times = (type: string) => told.filter((each) => each === type).length
      expect(times("SchedulerRecovered")).toBe(times("SchedulerDegraded"))
      expect(times("RunSucceeded")).toBe(ran.length)
    },
    longestMs + 60_000
  )
})
