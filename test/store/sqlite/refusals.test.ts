/** What a start says of a file or a driver that it cannot open: each error has the advice that is for it, and none for another. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { sqlite, verifyFile } from "../../../src/sqlite.ts"
import { translated } from "../../../src/store/sqlite/errors.ts"
import type { StoreError } from "../../../src/store/storeError.ts"

let directory = ""

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "carillon-refused-")))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

const opening = (name: string) =>
  sqlite({ filename: join(directory, name) }).open({ pid: 1, host: "test", startedAt: 0 })

const refusal = (name: string): Promise<StoreError> => Effect.runPromise(Effect.scoped(Effect.flip(opening(name))))

describe("a file that cannot be opened", () => {
  it.each([
    ["a name that is too long", "x".repeat(300), "give a shorter name"],
    ["a directory", "folder", "it is a directory; give the name of a file in it"],
    ["a directory that is not there", "none/jobs.db", "does not exist; make the directory"],
    ["a file where a directory should be", "file/jobs.db", "directories are directories"],
    ["a link without an end", "nowhere", "it is a link that leads nowhere"],
    ["a link to such a link", "also-nowhere", "it is a link that leads nowhere"],
    ["a directory that is such a link", "nowhere/jobs.db", "is a link that leads nowhere"],
    ["links in a circle", "circle", "its links lead in a circle"]
  ])("%s", async (_what, name, advice) => {
    mkdirSync(join(directory, "folder"))
    writeFileSync(join(directory, "file"), "")
    symlinkSync("none/jobs.db", join(directory, "nowhere"))
    symlinkSync(join(directory, "nowhere"), join(directory, "also-nowhere"))
    symlinkSync("circle", join(directory, "circle"))
    const error = await refusal(name)
    expect(error).toMatchObject({ _tag: "StoreUnavailable", operation: "open" })
    expect(error.message).toContain(advice)
    expect(error.message).not.toMatch(/goes on trying|disk space|user/)
  })

  it("a link to a file that can be made is none of them", async () => {
    symlinkSync("jobs.db", join(directory, "link"))
    await Effect.runPromise(Effect.scoped(opening("link")))
    expect(await verifyFile(join(directory, "link"))).toMatchObject({ ok: true, violations: [] })
  })

  it("a link without an end is told by a check too", async () => {
    symlinkSync("none/jobs.db", join(directory, "nowhere"))
    await expect(verifyFile(join(directory, "nowhere"))).rejects.toMatchObject({
      _tag: "StoreUnreadable",
      cause: "it is a link that leads nowhere"
    })
  })
})

/** A name of 255 bytes is none too long for a file, and one of 512 none for SQLite; what lies beside it has longer ones. */
describe("a name of every length, of a file that is there, one that is not, and one that a link leads to", () => {
  const lengths = (from: number, to: number): ReadonlyArray<number> =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index)

  /** What an opening and then a check make of it: `fine`, or that its name is too long. */
  const outcomes = async (name: string): Promise<ReadonlyArray<string>> => {
    const opened = await Effect.runPromise(Effect.either(Effect.scoped(opening(name))))
    const checked = await verifyFile(join(directory, name)).then(
      () => "fine",
      (error: unknown) => told(error)
    )
    return [opened._tag === "Right" ? "fine" : told(opened.left), checked]
  }
  const told = (error: unknown): string => {
    const { _tag = "untagged", message } = error as Partial<StoreError>
    return message?.endsWith("; give a shorter name") === true ? `${_tag}: too long` : `${_tag}: ${message}`
  }

  it.each(lengths(244, 257))("%i bytes", async (length) => {
    const name = "x".repeat(length)
    const there = "y".repeat(length)
    const target = "z".repeat(length)
    if (length < 256) writeFileSync(join(directory, there), "")
    symlinkSync(target, join(directory, "link"))
    for (const each of [name, there, "link"]) {
      const [opened, checked] = await outcomes(each)
      if (length < 248) expect([opened, checked]).toEqual(["fine", "fine"])
      else {
        expect(opened).toBe("StoreUnavailable: too long")
        if (each === there && length > 251) expect(checked).toBe("StoreUnreadable: too long")
        expect(checked).toMatch(/^StoreUnreadable: /)
      }
    }
  })

  it.each(lengths(497, 514))("%i bytes with its directories", async (length) => {
    const folder = join("a".repeat(150), "b".repeat(150))
    mkdirSync(join(directory, folder), { recursive: true })
    const name = join(folder, "x".repeat(length - join(directory, folder).length - 1))
    const [opened, checked] = await outcomes(name)
    if (length < 500) expect([opened, checked]).toEqual(["fine", "fine"])
    else {
      expect(opened).toBe("StoreUnavailable: too long")
      writeFileSync(join(directory, name), "")
      expect((await outcomes(name))[1]).toMatch(
        length < 505 ? /^StoreUnreadable: .*used it yet/ : /^StoreUnreadable: too long$/
      )
      expect(checked).toMatch(/^StoreUnreadable: .*no such file/)
    }
  })
})

describe("a driver's error", () => {
  const told = (operation: string, thrown: unknown): Promise<StoreError> =>
    Effect.runPromise(Effect.flip(translated("jobs.db", operation)(Effect.die(thrown))))
  const Driver = createRequire(import.meta.url)("better-sqlite3") as new (
    filename: string,
    options: { readonly nativeBinding: unknown }
  ) => object
  /** What the driver throws that finds `part` where its native part should be. */
  const thrownOver = (part: unknown): unknown => {
    try {
      return new Driver(":memory:", { nativeBinding: part })
    } catch (error) {
      return error
    }
  }
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
    ],
    ["another package's part", thrownOver({ sync: () => undefined })],
    ["another package's part, nothing", new TypeError("Cannot read properties of undefined (reading 'isInitialized')")],
    ["another package's part, much alike", thrownOver({ setErrorConstructor: () => undefined })],
    ["another package's part, not to be changed", thrownOver(Object.freeze({ setErrorConstructor: () => undefined }))]
  ])("of %s says how to build it", async (_what, thrown) => {
    const error = await told("open", thrown)
    expect(error._tag).toBe("StoreUnavailable")
    expect(error.message).toMatch(/npm rebuild better-sqlite3.*pnpm approve-builds/)
    expect(error.message).not.toContain("\n")
  })

  it.each([
    ["ENAMETOOLONG", "give a shorter name"],
    ["EACCES", "let this process's user read and write"],
    ["EMFILE", "let it open more files"],
    ["ESTALE", "check what the system says of it"]
  ])("the system's %s, met beside SQLite, is no defect", async (code, advice) => {
    const error = await told("open", Object.assign(coded(code), { syscall: "stat" }))
    expect(error).toMatchObject({ _tag: "StoreUnavailable", operation: "open" })
    expect(error.message).toContain(advice)
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
