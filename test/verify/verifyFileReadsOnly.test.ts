/** A check leaves the file as it is, and nothing beside it: a stopped one, one at work, a dead one's with its log, and what it refuses. */
import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import Database from "better-sqlite3"
import { describe, expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import { schemaVersion } from "../../src/store/sqlite/migrations/migrations.ts"
import { midnight, newWorld, sleepOn, temporaryFile } from "../scenarios/world.ts"
import { stoppedFile } from "./stoppedFile.ts"

describe("verifyFile, which writes nothing,", () => {
  it("leaves a stopped file as it is, with nothing beside it", async () => {
    const filename = await stoppedFile()
    const before = digests(filename)
    expect((await verifyFile(filename)).ok).toBe(true)
    expect(digests(filename)).toEqual(before)
    expect(before.map(([name]) => name)).toEqual(["jobs.db", "jobs.db.lock"])
  })

  it.each(["its name", "a symbolic link"])(
    "leaves a dead scheduler's file and log as they are, by %s",
    async (name) => {
      const filename = await stoppedFile()
      leaveLog(filename, "UPDATE owner SET pid = 7")
      const link = temporaryFile("link.db")
      symlinkSync(filename, link)
      const before = digests(filename)
      expect(before.map(([each]) => each)).toContain("jobs.db-wal")
      expect((await verifyFile(name === "its name" ? filename : link)).ok).toBe(true)
      expect(digests(filename)).toEqual(before)
    }
  )

  it("sees one moment of a file on which a scheduler is at work, and does not hold it up", async () => {
    const filename = temporaryFile()
    const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
    const scheduler = await world.start({ tasks: [task("busy", () => sleepOn(world.clock, 3))] })
    await scheduler.addJob({ id: "a", task: "busy", trigger: interval("1 second", { start: midnight }) })
    for (let turn = 0; turn < 10; turn++) {
      const asked = verifyFile(filename)
      await world.clock.advance(5_500)
      expect((await asked).violations).toEqual([])
    }
    expect((await scheduler.getRuns()).length).toBeGreaterThanOrEqual(55)
  })

  it.each([
    ["there is no such file; check the name", () => undefined, "StoreUnreadable"],
    ["it is not a file; check the name", (filename: string) => mkdirSync(filename), "StoreUnreadable"],
    [
      "file is not a database",
      (filename: string) => writeFileSync(filename, "no database at all ".repeat(99)),
      "StoreUnreadable"
    ],
    [
      "no scheduler has used it yet; check the name, or",
      (filename: string) => writeFileSync(filename, ""),
      "StoreUnreadable"
    ],
    ["another program's", (filename: string) => change(filename, "CREATE TABLE customers(name)"), "StoreUnreadable"],
    [
      "upgrade carillon",
      async (filename: string) => change(await stoppedFile(filename), `PRAGMA user_version = ${schemaVersion + 1}`),
      "StoreTooNew"
    ]
  ] as ReadonlyArray<readonly [string, (filename: string) => unknown, string]>)(
    "refuses what it cannot read, unchanged: %s",
    async (because, make, tag) => {
      const filename = temporaryFile()
      await make(filename)
      const before = digests(filename)
      const error: unknown = await verifyFile(filename).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ _tag: tag })
      expect(String(error)).toContain(because)
      expect(digests(filename)).toEqual(before)
    }
  )

  it("refuses a name that no file can have", async () => {
    await expect(verifyFile("a".repeat(300))).rejects.toMatchObject({ _tag: "StoreUnreadable" })
  })
})

const change = (filename: string, statement: string): void => {
  const database = new Database(filename)
  database.exec(statement)
  database.close()
}

/** Writes as a scheduler does that is killed before its log is taken into the file: who closes last may not write. */
const leaveLog = (filename: string, statement: string): void => {
  const reader = new Database(filename, { readonly: true })
  reader.prepare("SELECT 1 FROM owner").get()
  change(filename, statement)
  reader.close()
}

/** What lies in the file's directory, by content; a log's index, which readers share, by name. Nothing may be open: to read a file is to drop this process's locks on it. */
const digests = (filename: string): ReadonlyArray<readonly [string, string]> =>
  readdirSync(dirname(filename))
    .toSorted()
    .filter((name) => statSync(join(dirname(filename), name)).isFile())
    .map((name) => [name, name.endsWith("-shm") ? "" : digest(join(dirname(filename), name))])

const digest = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex")
