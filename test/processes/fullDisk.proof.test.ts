/** A full disk, on a small tmpfs: what waits is told, running work is kept, and all is written when there is space again. */
import { execFileSync } from "node:child_process"
import { appendFileSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Database from "better-sqlite3"
import { describe, expect, it, onTestFinished } from "vitest"
import type { SchedulerEvent } from "../../src/index.ts"
import { createScheduler, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { gate } from "../scenarios/world.ts"
import { until } from "./condition.ts"

/** Why not, or `null`: only root may mount, and not in every container. */
const whyNot = ((): string | null => {
  if (process.getuid?.() !== 0) return "only root may mount a tmpfs"
  try {
    const directory = mkdtempSync(join(tmpdir(), "carillon-mount-"))
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], { stdio: "ignore" })
    execFileSync("umount", [directory])
    rmSync(directory, { recursive: true })
    return null
  } catch {
    return "this machine mounts no tmpfs"
  }
})()

/** A directory on a disk of four megabytes, that goes with the test: what the runs themselves write in seconds leaves it room. */
const smallDisk = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-full-"))
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", directory])
  onTestFinished(() => {
    execFileSync("umount", ["-l", directory])
    rmSync(directory, { recursive: true, force: true })
  })
  return directory
}

/** Takes every byte that is left. */
const fill = (ballast: string): void => {
  writeFileSync(ballast, "")
  for (let bytes = 65_536; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    for (;;) {
      try {
        appendFileSync(ballast, Buffer.alloc(bytes))
      } catch {
        break
      }
    }
  }
}

describe.skipIf(whyNot !== null)(`a full disk${whyNot === null ? "" : ` (skipped: ${whyNot})`}`, () => {
  it("degrades the scheduler: the writer is told, running work is kept and saved, nothing runs twice", async () => {
    const directory = smallDisk()
    const filename = join(directory, "jobs.db")
    const ran: Array<string> = []
    const note = task("note", ({ jobId, fireAt }) => void ran.push(`${jobId} ${fireAt}`))
    const release = gate()
    const slow = task("slow", () => release.opened.then(() => "made it"))
    const scheduler = createScheduler({ store: sqlite({ filename }), tasks: [note, slow], commandTimeout: "1 second" })
    const events: Array<SchedulerEvent> = []
    scheduler.events$.subscribe((event) => events.push(event))
    await scheduler.start()
    onTestFinished(() => scheduler.shutdown({ wait: false }))
    await scheduler.addJob({ id: "each", task: note, trigger: interval(100), coalesce: "all", overlap: "queue-all" })
    const job = await scheduler.addJob({ id: "slow", task: slow, trigger: interval("1 day"), paused: true })
    const run = await job.run()
    const settled = run.settled()
    await until("the first runs", () => ran.length > 2)

    const ballast = join(directory, "ballast")
    fill(ballast)
    const refused = scheduler
      .addJob({ id: "large", task: note, args: "x".repeat(500_000), paused: true })
      .catch((error: unknown) => error)
    expect(await refused).toMatchObject({ _tag: "StoreUnavailable", operation: "commit" })
    const degraded = events.findLast(({ type }) => type === "SchedulerDegraded")
    expect(degraded).toMatchObject({ errorTag: "StoreUnavailable", reason: expect.stringMatching(/full/) as string })
    expect(await scheduler.status()).toMatchObject({ state: "degraded", stores: [{ lost: true }] })
    const claimedSince = events
      .slice(events.indexOf(degraded as SchedulerEvent))
      .filter(({ type }) => type === "RunClaimed")
    expect(claimedSince).toEqual([])
    release.open()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect((await scheduler.getRuns({ runId: run.runId }))[0]?.outcome).toBe(null)

    unlinkSync(ballast)
    expect((await settled).result).toBe("made it")
    const before = ran.length
    await until("runs afterwards", () => ran.length > before + 2)
    expect(await scheduler.getJob("large")).toBe(undefined)
    expect(await scheduler.status()).toMatchObject({ state: "active", stores: [{ lost: false, outage: null }] })
    expect((await scheduler.verify()).violations).toEqual([])
    await scheduler.shutdown()
    expect(new Set(ran).size).toBe(ran.length)
    const database = new Database(filename, { readonly: true })
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok")
    database.close()
  })

  it("refuses a start with a typed error, and takes the file when there is space again", async () => {
    const directory = smallDisk()
    const filename = join(directory, "jobs.db")
    const quiet = task("quiet", () => null)
    fill(join(directory, "ballast"))
    const make = () => createScheduler({ store: sqlite({ filename }), tasks: [quiet], commandTimeout: 100 })
    await expect(make().start()).rejects.toMatchObject({ _tag: "StoreUnavailable" })
    unlinkSync(join(directory, "ballast"))
    const scheduler = make()
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 hour") })
    expect((await scheduler.verify()).violations).toEqual([])
    await scheduler.shutdown()
  })
})
