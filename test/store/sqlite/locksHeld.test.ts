/** Locks that SQLite believes it holds, and which the kernel drops when the process closes any other handle of the file. */
import { closeSync, openSync, readdirSync, statSync, writeFileSync } from "node:fs"
import Database from "better-sqlite3"
import { describe, expect, it, onTestFinished } from "vitest"
import { indexByte, locksHeld, sharedByte } from "../../../src/store/sqlite/locksHeld.ts"
import { temporaryFile } from "../../scenarios/world.ts"

const handles = (): number => readdirSync("/proc/self/fd").length
const closeAnother = (path: string): void => closeSync(openSync(path, "r"))

/** A connection that reads, so that it has a lock. */
const reading = (mode: "WAL" | "DELETE") => {
  const path = temporaryFile()
  const database = new Database(path)
  onTestFinished(() => void database.close())
  database.pragma(`journal_mode = ${mode}`)
  database.exec("CREATE TABLE t(x)")
  if (mode === "DELETE") database.exec("BEGIN; SELECT * FROM t")
  const rows = database.prepare("SELECT * FROM t")
  rows.all()
  return { path, database }
}

const locksOf = (path: string, byte: number) => {
  const locks = locksHeld(statSync(path), byte)
  onTestFinished(locks.close)
  return locks
}

describe.runIf(process.platform === "linux")("a lock", () => {
  it.each([
    ["a database", "", sharedByte],
    ["a log's index", "-shm", indexByte]
  ])("of %s is held until a handle of it is closed, and not again when others take one", (_what, suffix, byte) => {
    const { path, database } = reading("WAL")
    const locks = locksOf(`${path}${suffix}`, byte)
    expect([locks.held(), locks.held()]).toEqual([true, true])
    closeAnother(`${path}${suffix}`)
    expect([locks.held(), locks.held()]).toEqual([false, false])
    const other = new Database(path)
    other.prepare("SELECT * FROM t").all()
    expect(locks.held()).toBe(false)
    other.close()
    database.exec("SELECT 1")
  })

  it("is held while others on the same file come and go", () => {
    const { path, database } = reading("DELETE")
    const locks = locksOf(path, sharedByte)
    database.exec("INSERT INTO t VALUES (1)")
    expect(locks.held()).toBe(true)
    closeAnother(path)
    expect(locks.held()).toBe(false)
    database.exec("ROLLBACK")
  })

  it("that was not there is never missed, of another byte nor of another file", () => {
    const { path } = reading("WAL")
    const unlocked = temporaryFile()
    writeFileSync(unlocked, "")
    const none = [locksOf(path, 5), locksOf(path, sharedByte + 510), locksOf(unlocked, sharedByte)]
    expect(none.map((locks) => locks.held())).toEqual([true, true, true])
    for (const each of [path, unlocked]) closeAnother(each)
    expect(none.map((locks) => locks.held())).toEqual([true, true, true])
    expect(locksHeld(undefined, sharedByte).held()).toBe(true)
  })

  it("covers the first and the last byte of its stretch", () => {
    const { path } = reading("WAL")
    const both = [locksOf(path, sharedByte), locksOf(path, sharedByte + 509)]
    closeAnother(path)
    expect(both.map((locks) => locks.held())).toEqual([false, false])
  })

  it("is looked at through one handle, which is closed", () => {
    const { path } = reading("WAL")
    const before = handles()
    const found = locksHeld(statSync(path), sharedByte)
    expect(handles()).toBe(before + 1)
    found.close()
    const none = locksHeld(statSync(path), 5)
    expect(handles()).toBe(before)
    none.close()
  })
})
