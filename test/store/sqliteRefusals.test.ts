/** What a start says of a file or a driver that it cannot open: each error has the advice that is for it, and none for another. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { sqlite } from "../../src/sqlite.ts"
import { translated } from "../../src/store/sqliteErrors.ts"
import type { StoreError } from "../../src/store/storeError.ts"

let directory = ""

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "carillon-refused-"))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

const refusal = (name: string): Promise<StoreError> =>
  Effect.runPromise(
    Effect.scoped(Effect.flip(sqlite({ filename: join(directory, name) }).open({ pid: 1, host: "test", startedAt: 0 })))
  )

describe("a file that cannot be opened", () => {
  it.each([
    ["a name that is too long", "x".repeat(300), "give a shorter name"],
    ["a directory", "folder", "it is a directory; give the name of a file in it"],
    ["a directory that is not there", "none/jobs.db", "does not exist; make the directory"],
    ["a file where a directory should be", "file/jobs.db", "directories are directories"]
  ])("%s", async (_what, name, advice) => {
    mkdirSync(join(directory, "folder"))
    writeFileSync(join(directory, "file"), "")
    const error = await refusal(name)
    expect(error).toMatchObject({ _tag: "StoreUnavailable", operation: "open" })
    expect(error.message).toContain(advice)
    expect(error.message).not.toMatch(/goes on trying|disk space/)
  })
})

describe("a driver's error", () => {
  const told = (operation: string, thrown: unknown): Promise<StoreError> =>
    Effect.runPromise(Effect.flip(translated("jobs.db", operation)(Effect.die(thrown))))
  const coded = (code: string) => Object.assign(new Error(`failed with ${code}`), { code })

  it.each([
    ["bindings that were never built", new Error("Could not locate the bindings file. Tried:\n → /app/a\n → /app/b")],
    [
      "a part of another Node",
      Object.assign(new Error("was compiled against NODE_MODULE_VERSION 108"), { code: "ERR_DLOPEN_FAILED" })
    ],
    [
      "a damaged part",
      Object.assign(new Error("/app/better_sqlite3.node: invalid ELF header"), { code: "ERR_DLOPEN_FAILED" })
    ]
  ])("of %s says how to build it", async (_what, thrown) => {
    const error = await told("open", thrown)
    expect(error._tag).toBe("StoreUnavailable")
    expect(error.message).toMatch(/npm rebuild better-sqlite3.*pnpm approve-builds/)
    expect(error.message).not.toContain("\n")
  })

  it.each([
    ["SQLITE_FULL", "make space"],
    ["SQLITE_BUSY_RECOVERY", "another process has it locked"],
    ["SQLITE_READONLY_DIRECTORY", "let this process's user write"],
    ["SQLITE_CANTOPEN", "let this process's user read and write"],
    ["SQLITE_IOERR_READ", "check its disk"]
  ])("%s has its own advice, and a commit is tried again where an opening is not", async (code, advice) => {
    const [opening, commit] = [await told("open", coded(code)), await told("commit", coded(code))]
    expect(opening.message).toContain(advice)
    expect(opening.message).not.toContain("goes on trying")
    expect(commit.message).toContain("the scheduler goes on trying")
  })
})
