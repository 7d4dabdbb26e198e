/** Where a name leads, and whether the files beside it can have theirs. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  isDanglingLink,
  isThere,
  isTooLongToRead,
  isTooLongToWrite,
  placeOf
} from "../../../src/store/sqlite/filePlace.ts"

let directory = ""
const inside = (name: string): string => join(directory, name)

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "carillon-place-")))
  mkdirSync(inside("folder"))
  writeFileSync(inside("file"), "")
  symlinkSync("file", inside("link"))
  symlinkSync("folder", inside("linked-folder"))
  symlinkSync("folder/new", inside("to-new"))
  symlinkSync(inside("to-new"), inside("to-that"))
  symlinkSync("circle", inside("circle"))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

describe("a name", () => {
  it.each([
    ["file", "file"],
    ["link", "file"],
    ["new", "new"],
    ["linked-folder/new", "folder/new"],
    ["to-new", "folder/new"],
    ["to-that", "folder/new"],
    ["none/new", "none/new"]
  ])("%s leads to %s", (name, place) => {
    expect(placeOf(inside(name))).toBe(inside(place))
  })

  it("that leads in a circle leads nowhere", () => {
    expect(() => placeOf(inside("circle"))).toThrow("ELOOP")
  })

  it("is a link without an end only where it is one and has none", () => {
    const names = ["file", "link", "linked-folder", "new", "to-new", "to-that"]
    expect(names.filter((name) => isDanglingLink(inside(name)))).toEqual(["to-new", "to-that"])
    expect(names.filter((name) => isThere(inside(name)))).toEqual(["file", "link", "linked-folder"])
  })

  it("is too long, or cannot be looked up for another reason", () => {
    const long = inside("x".repeat(250))
    expect([isTooLongToWrite(long), isTooLongToRead(long)]).toEqual([true, false])
    expect([isTooLongToWrite(inside("new")), isTooLongToRead(inside("new"))]).toEqual([false, false])
    expect(() => isTooLongToWrite(inside("circle/new"))).toThrow("ELOOP")
    expect(() => isTooLongToRead(inside("circle/new"))).toThrow("ELOOP")
  })
  it.runIf(process.platform !== "win32")(
    "is too long for SQLite from 513 bytes on, those of a journal's included",
    () => {
      const folders = inside(`${"d".repeat(150)}/${"d".repeat(150)}/`)
      const ofBytes = (bytes: number): string => folders + "e".repeat(bytes - folders.length)
      const [lockJournal, journal] = [".lock-journal".length, "-journal".length]
      expect([512, 513].map((bytes) => isTooLongToWrite(ofBytes(bytes - lockJournal)))).toEqual([false, true])
      expect([512, 513].map((bytes) => isTooLongToRead(ofBytes(bytes - journal)))).toEqual([false, true])
    }
  )
})
