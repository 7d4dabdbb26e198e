/** Whether what a connection writes still reaches the file at its path: each way in which it does not is found and named. */
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync
} from "node:fs"
import Database from "better-sqlite3"
import { describe, expect, it, onTestFinished } from "vitest"
import { watchFile } from "../../../src/store/sqlite/replacedFile.ts"
import { temporaryFile } from "../../scenarios/world.ts"

/** A database of some pages that a connection has open, and the watch of it. */
const watched = (pageBytes = 4096, mode = "WAL") => {
  const path = temporaryFile()
  const database = new Database(path)
  database.pragma(`page_size = ${pageBytes}`)
  database.pragma(`journal_mode = ${mode}`)
  database.pragma("wal_autocheckpoint = 0")
  database.exec("CREATE TABLE t(x)")
  const fill = (rows: number) =>
    void database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO t SELECT hex(randomblob(${pageBytes / 4})) FROM n`)
  const checkpoint = () =>
    (database.pragma("wal_checkpoint(PASSIVE)") as ReadonlyArray<{ log: number; checkpointed: number }>)[0]
  fill(20)
  database.pragma("wal_checkpoint(TRUNCATE)")
  fill(3)
  const watch = watchFile(path)
  onTestFinished(() => {
    database.close()
    watch.close()
  })
  return { path, database, watch, fill, checkpoint, pageBytes }
}

const overwrite = (path: string, at: number, bytes: ReadonlyArray<number>): void => {
  const handle = openSync(path, "r+")
  writeSync(handle, Buffer.from(bytes), 0, bytes.length, at)
  closeSync(handle)
}

/** What any program that copies the file does, and with it the kernel drops this process's locks. */
const closeHandleOf = (path: string): void => closeSync(openSync(path, "r"))

/** What this process has open. */
const handles = (path: string): ReadonlyArray<string> =>
  readdirSync("/proc/self/fd").filter((handle) => {
    try {
      return readlinkSync(`/proc/self/fd/${handle}`).startsWith(path)
    } catch {
      // The listing's own.
      return false
    }
  })

const cutOff = { _tag: "Damaged", cause: "it was cut off by another program" }
const logCutOff = { _tag: "Damaged", cause: "its log was cut off by another program" }
const logOverwritten = { _tag: "Damaged", cause: "its log was overwritten by another program" }

describe.each([512, 4096, 65_536])("a file with pages of %i bytes", (pageBytes) => {
  it("is well while it is written to and its log is moved, whose pages are counted", () => {
    const { watch, fill, checkpoint } = watched(pageBytes)
    expect(watch.probe()).toBeNull()
    const before = watch.log
    expect(before.moved).toBe(0)
    fill(5)
    expect(watch.probe()).toBeNull()
    expect(watch.log.logged).toBeGreaterThan(before.logged)
    const moved = checkpoint()
    expect(watch.probe()).toBeNull()
    expect(watch.log).toEqual({ logged: moved?.log, moved: moved?.checkpointed })
    fill(1)
    expect(watch.probe()).toBeNull()
    expect(watch.log.moved).toBe(0)
  })

  it("is damaged once its end is gone", () => {
    const { path, watch } = watched(pageBytes)
    expect(watch.probe()).toBeNull()
    truncateSync(path, statSync(path).size - pageBytes)
    expect(watch.probe()).toEqual(cutOff)
  })

  it("is well when it has shrunk because rows are gone and it was made anew", () => {
    const { path, database, watch } = watched(pageBytes)
    expect(watch.probe()).toBeNull()
    const before = statSync(path).size
    database.exec("DELETE FROM t")
    database.exec("VACUUM")
    database.pragma("wal_checkpoint(PASSIVE)")
    expect(statSync(path).size).toBeLessThan(before)
    expect(watch.probe()).toBeNull()
  })

  it("is damaged once the end of its log is gone, be it by a byte", () => {
    const { path, watch } = watched(pageBytes)
    const size = statSync(`${path}-wal`).size
    truncateSync(`${path}-wal`, size - 1)
    expect(watch.probe()).toEqual(logCutOff)
  })

  it.each([
    ["its log's beginning", (_size: number) => 16],
    ["the page's salt", (size: number) => size - pageBytes - 24 + 8],
    ["the page's first sum", (size: number) => size - pageBytes - 24 + 16],
    ["the page's second sum", (size: number) => size - pageBytes - 24 + 20]
  ])("is damaged once %s is another", (_what, placeOf) => {
    const { path, watch } = watched(pageBytes)
    const log = readFileSync(`${path}-wal`)
    const place = placeOf(log.length)
    overwrite(
      `${path}-wal`,
      place,
      [...log.subarray(place, place + 4)].map((byte) => byte ^ 0xff)
    )
    expect(watch.probe()).toEqual(logOverwritten)
    overwrite(`${path}-wal`, place, [...log.subarray(place, place + 4)])
    expect(watch.probe()).toBeNull()
  })
})

describe("a file", () => {
  it("may be put back where it was moved away, and is none of the others that lie in its place", () => {
    const { path, watch } = watched()
    renameSync(path, `${path}.away`)
    expect(watch.probe()).toEqual({
      _tag: "Displaced",
      cause: "the file was deleted or moved; put it back, or stop and start anew"
    })
    new Database(path).close()
    expect(watch.probe()).toEqual({
      _tag: "Displaced",
      cause: "another file took its place; put the first one back, or stop and start anew"
    })
    renameSync(`${path}.away`, path)
    expect(watch.probe()).toBeNull()
  })

  it.each([
    ["-wal", "its log was deleted or replaced"],
    ["-shm", "the index of its log was deleted or replaced"]
  ])("whose %s is gone or another one has lost its log", (companion, cause) => {
    const { path, watch } = watched()
    renameSync(`${path}${companion}`, `${path}.away`)
    expect(watch.probe()).toEqual({ _tag: "LogGone", cause })
    closeSync(openSync(`${path}${companion}`, "w"))
    expect(watch.probe()).toEqual({ _tag: "LogGone", cause })
    rmSync(`${path}${companion}`)
    renameSync(`${path}.away`, `${path}${companion}`)
    expect(watch.probe()).toBeNull()
  })

  it.each([0, 31])("of which %i bytes are left was cut off", (bytes) => {
    const { path, watch } = watched()
    truncateSync(path, bytes)
    expect(watch.probe()).toEqual(cutOff)
  })

  it.each([0, 23])("whose byte %i is another has an overwritten beginning", (place) => {
    const { path, watch } = watched()
    overwrite(path, place, [0x7f])
    expect(watch.probe()).toEqual({ _tag: "Damaged", cause: "its beginning was overwritten by another program" })
  })

  it.runIf(process.platform === "linux").each(["", "-shm"])(
    "of which somebody closed a handle is unlocked: jobs.db%s",
    (companion) => {
      const { path, watch } = watched()
      closeHandleOf(`${path}${companion}`)
      expect(watch.probe()).toEqual({ _tag: "Unlocked" })
    }
  )

  it("has its log's index built anew, and all that is in the log with it", () => {
    const { path, database, watch, fill } = watched()
    const rows = database.prepare("SELECT count(*) FROM t").pluck()
    watch.forgetIndex()
    expect(rows.get()).toBe(23)
    fill(1)
    expect([rows.get(), watch.probe()]).toEqual([24, null])
    const before = readFileSync(`${path}-shm`)
    watch.forgetIndex()
    // Twice its header, and nothing behind.
    expect(readFileSync(`${path}-shm`)).toEqual(before.fill(0, 0, 96))
  })

  it("without a log has nothing in one", () => {
    const { watch, fill } = watched(4096, "DELETE")
    fill(1)
    expect([watch.probe(), watch.log]).toEqual([null, { logged: 0, moved: 0 }])
    watch.forgetIndex()
    expect(watch.probe()).toBeNull()
  })

  it.runIf(process.platform === "linux")("leaves no handle behind", () => {
    const { path } = watched()
    const before = handles(path)
    const watch = watchFile(path)
    expect(handles(path).length).toBeGreaterThan(before.length)
    watch.close()
    expect(handles(path)).toEqual(before)
  })
})
