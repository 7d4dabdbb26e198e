/**
 * A file that lost its end while its log is still there. SQLite does not tell: it deletes the log of an empty file, and believes the log
 * about how many pages there are. Each of them must lie in the file or in the log.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs"
import { Effect } from "effect"
import { StoreUnreadable } from "../storeError.ts"

/** Fails for a file at `path` that is shorter than its log says. Reads no more than the heads of the log's pages, and of few files those. */
export const refuseCutOff = (path: string, store: string): Effect.Effect<void, StoreUnreadable> =>
  Effect.suspend(() => {
    const logSize = sizeOf(`${path}-wal`) ?? 0
    const size = sizeOf(path)
    if (logSize <= logHeaderBytes || size === null) return Effect.void
    if (size > 0 && !lacksPages(`${path}-wal`, logSize, size)) return Effect.void
    return Effect.fail(
      new StoreUnreadable({
        store,
        cause: size === 0 ? "it is empty, and its log is not: it was cut off" : "pages are missing: it was cut off",
        remedy: "restore it from a backup, and keep its log until then"
      })
    )
  })

const sizeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.size ?? null

/** https://sqlite.org/walformat.html */
const logHeaderBytes = 32
const frameHeaderBytes = 24
const saltBytes = 8

const lacksPages = (logPath: string, logSize: number, size: number): boolean => {
  const log = openSync(logPath, "r")
  try {
    const header = Buffer.alloc(logHeaderBytes)
    readSync(log, header, 0, logHeaderBytes, 0)
    const pageBytes = header.readUInt32BE(8)
    if (pageBytes < 512) return false
    const salt = header.subarray(16, 16 + saltBytes)
    const inFile = Math.floor(size / pageBytes)
    /** Pages of the log beyond the file's, and of commits that are whole: the newest one's number of pages. */
    const beyond = new Set<number>()
    let pages = 0
    const frame = Buffer.alloc(frameHeaderBytes)
    for (let at = logHeaderBytes; at + frameHeaderBytes + pageBytes <= logSize; at += frameHeaderBytes + pageBytes) {
      readSync(log, frame, 0, frameHeaderBytes, at)
      if (!frame.subarray(8, 8 + saltBytes).equals(salt)) break
      const page = frame.readUInt32BE(0)
      if (page > inFile) beyond.add(page)
      const committed = frame.readUInt32BE(4)
      if (committed > 0) pages = committed
    }
    for (let page = inFile + 1; page <= pages; page++) if (!beyond.has(page)) return true
    return false
  } finally {
    closeSync(log)
  }
}
