/**
 * A store's file or log that is cut off or overwritten under a running scheduler: `StoreUnreadable` for good and no other error, nothing
 * more is acknowledged, and what is left keeps every byte. A next start refuses a file that lost its end.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { date, interval, task, type Verification } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import { midnight, minute, newWorld, second, temporaryFile } from "./world.ts"

const note = task("note", () => "noted")
const jobs = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `${name}-${index}`, task: note, trigger: interval("1 hour") }))

/** `written`: nothing was moved into the file yet. `reopened`: an orderly stop has, and the log is of the second owner alone. */
const newScene = async (past: "written" | "reopened") => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename }))
  let scheduler = await world.start({ tasks: [note], commandTimeout: "5 seconds" })
  await scheduler.addJobs(jobs("first", 100))
  if (past === "reopened") {
    scheduler = await world.start({ tasks: [note], commandTimeout: "5 seconds" })
    await scheduler.addJobs(jobs("second", 40))
  }
  return { ...world, filename, scheduler }
}

/** What is left when `script` has run. A process drops its own locks with any handle that it closes; another one's are not touched. */
const cutters: Readonly<Record<string, (filename: string, script: string) => string>> = {
  "this process": (filename, script) => {
    runInNewContext(script, { fs, Buffer })
    return bytesOf(filename)
  },
  "another process": (filename, script) => {
    const given = [JSON.stringify(filename), 'require("node:fs")', 'require("node:crypto").createHash']
    const program = `const fs = require("node:fs"); ${script}; process.stdout.write((${String(digest)})(${given.join(", ")}))`
    return spawnSync(process.execPath, ["-e", program], { encoding: "utf8" }).stdout
  }
}

/** In short: a difference of many bytes takes a minute to print. By itself, for the other process. */
const digest = (filename: string, { readFileSync }: typeof fs, hash: typeof createHash): string =>
  ["", "-wal"]
    .map((suffix) => readFileSync(filename + suffix))
    .map((bytes) => String(bytes.length) + " bytes, " + hash("sha256").update(bytes).digest("hex"))
    .join("; ")

const bytesOf = (filename: string): string => digest(filename, fs, createHash)

const cutTo =
  (length: (size: number) => number) =>
  (path: string): string =>
    `fs.truncateSync(${JSON.stringify(path)}, ${Math.max(0, length(fs.statSync(path).size))})`

const spoils: Readonly<Record<string, (path: string) => string>> = {
  "cut to nothing": cutTo(() => 0),
  "cut to a page": cutTo((size) => Math.min(4096, size - 1)),
  "cut in the middle": cutTo((size) => size >> 1),
  "cut before its last page": cutTo((size) => size - 4096),
  "cut by a few bytes": cutTo((size) => size - 10),
  "overwritten at its beginning": (path) =>
    `const handle = fs.openSync(${JSON.stringify(path)}, "r+"); fs.writeSync(handle, Buffer.alloc(100, 1), 0, 100, 0); fs.closeSync(handle)`
}

const isWhole = (found: unknown, jobs: number): boolean => {
  const { ok, checked } = found as Partial<Verification>
  return ok === true && checked?.jobs === jobs
}

const table = (["written", "reopened"] as const).flatMap((past) =>
  ["", "-wal"].flatMap((suffix) =>
    Object.keys(spoils).flatMap((how) => Object.keys(cutters).map((by) => ({ past, suffix, how, by })))
  )
)

describe.each(table)("jobs.db$suffix of a $past store, $how by $by", ({ past, suffix, how, by }) => {
  const spoil = (filename: string) => {
    const spoiled = cutters[by]?.(filename, spoils[how]?.(`${filename}${suffix}`) ?? "")
    expect(spoiled).toContain("bytes")
    return spoiled
  }
  const expectRefused = async (filename: string) => {
    // A log that lost its end reads like one that was never written: nobody can tell at the next start.
    if (suffix === "-wal") return
    const found = await verifyFile(filename).catch((error: unknown) => error)
    // Nothing is gone where what was cut off is in the log as well.
    const jobs = past === "written" ? 100 : 140
    if (isWhole(found, jobs)) return
    expect(found).toMatchObject({ _tag: "StoreUnreadable" })
    await expect(newWorld("sqlite", sqlite({ filename })).start()).rejects.toMatchObject({ _tag: "StoreUnreadable" })
  }

  it("is told for good, and keeps what is left", async () => {
    const { scheduler, clock, events, reported, filename } = await newScene(past)
    const left = spoil(filename)
    const refused = scheduler
      .addJob({ id: "b", task: note, trigger: date(midnight + minute) })
      .catch((error: unknown) => error)
    await clock.advance(15 * second)
    expect(await refused).toMatchObject({ _tag: "StoreUnreadable" })
    await expect(scheduler.getJobs({ limit: 1000 })).rejects.toMatchObject({ _tag: "StoreUnreadable" })
    await clock.advance(2 * minute)
    const { state, stores } = await scheduler.status()
    expect([state, stores[0]?.outage?.errorTag]).toEqual(["degraded", "StoreUnreadable"])
    expect(reported).toEqual([])
    const stopped = scheduler.shutdown({ deadline: "5 seconds" })
    await clock.advance(10 * second)
    await stopped
    expect(events.filter(({ type }) => /^Scheduler(Degraded|Recovered)/.test(type))).toMatchObject([
      { type: "SchedulerDegraded", errorTag: "StoreUnreadable" }
    ])
    expect(bytesOf(filename)).toEqual(left)
    await expectRefused(filename)
  })

  it("is not written into by a stop", async () => {
    const { scheduler, clock, filename } = await newScene(past)
    const left = spoil(filename)
    const stopped = scheduler.shutdown({ deadline: "5 seconds" })
    await clock.advance(10 * second)
    await stopped
    expect(bytesOf(filename)).toEqual(left)
    await expectRefused(filename)
  })
})
