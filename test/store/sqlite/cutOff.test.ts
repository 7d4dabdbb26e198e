/** A file that is shorter than its log says is refused; one whose log can be believed is not. The logs are made by hand, as SQLite has them. */
import { writeFileSync } from "node:fs"
import { Effect, Either } from "effect"
import { describe, expect, it } from "vitest"
import { refuseCutOff } from "../../../src/store/sqlite/cutOff.ts"
import { temporaryFile } from "../../scenarios/world.ts"

const pageBytes = 512
const salt = 7

/** A log's beginning: the size of its pages and its salt. */
const header = (size = pageBytes): Buffer => {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt32BE(size, 8)
  bytes.fill(salt, 16, 24)
  return bytes
}

/** A page in a log; `pages`: it ends a commit after which the file has so many. */
const page = (number: number, pages = 0, own = salt): Buffer => {
  const bytes = Buffer.alloc(24 + pageBytes)
  bytes.writeUInt32BE(number, 0)
  bytes.writeUInt32BE(pages, 4)
  bytes.fill(own, 8, 16)
  return bytes
}

/** What is said of a file of so many bytes with this log; `null`: nothing. */
const refusal = (bytes: number | null, log: ReadonlyArray<Buffer> | null): unknown => {
  const path = temporaryFile()
  if (bytes !== null) writeFileSync(path, Buffer.alloc(bytes))
  if (log !== null) writeFileSync(`${path}-wal`, Buffer.concat(log))
  const found = Effect.runSync(Effect.either(refuseCutOff(path, "my store")))
  return Either.isRight(found) ? null : found.left
}

const missing = { _tag: "StoreUnreadable", store: "my store", cause: "pages are missing: it was cut off" }
const empty = { _tag: "StoreUnreadable", store: "my store", cause: "it is empty, and its log is not: it was cut off" }

describe("a file", () => {
  it.each<[what: string, bytes: number | null, log: ReadonlyArray<Buffer> | null]>([
    ["there is no log", 0, null],
    ["its log has no page", 0, [header()]],
    ["there is none, only a log", null, [header(), page(1, 1)]],
    ["it has all pages", 1536, [header(), page(1, 3)]],
    ["the last page is in the log", 1024, [header(), page(3, 3)]],
    ["all that it has not are in the log", 512, [header(), page(3), page(2), page(1, 3)]],
    ["the newest commit made it smaller", 1024, [header(), page(1, 3), page(1, 2)]],
    ["what says more pages is of an older log", 1024, [header(), page(1, 2), page(1, 9, 8)]],
    ["what says more pages is torn", 1024, [header(), page(1, 2), page(1, 9).subarray(0, 24 + pageBytes - 1)]],
    ["what says more pages ended no commit", 1024, [header(), page(9)]],
    ["its log's pages have no size that SQLite has", 1024, [header(511), page(1, 9)]]
  ])("is not cut off where %s", (_what, bytes, log) => {
    expect(refusal(bytes, log)).toBeNull()
  })

  it.each<[what: string, bytes: number, log: ReadonlyArray<Buffer>]>([
    ["a page is in neither", 1024, [header(), page(1, 3)]],
    ["a page before the last is in neither", 1024, [header(), page(4, 4)]],
    ["a page is there in part", 1535, [header(), page(1, 3)]],
    ["a later page is part of no commit yet", 1024, [header(), page(1, 3), page(1)]],
    ["the page that it has not is of an older log", 1024, [header(), page(1, 3), page(3, 3, 8)]]
  ])("is cut off where %s", (_what, bytes, log) => {
    expect(refusal(bytes, log)).toMatchObject(missing)
  })

  it("is cut off where it is empty and its log is not", () => {
    expect(refusal(0, [header(), Buffer.alloc(1)])).toMatchObject(empty)
    expect(refusal(0, [header(), page(1, 1)])).toMatchObject(empty)
  })
})
