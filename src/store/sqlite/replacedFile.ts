/**
 * Does what a connection writes still reach the file at its path? A file or log that was deleted or replaced goes on taking commits,
 * and everything in them ends with the process; locks that were dropped let others move and delete the log. So there is a look before
 * each commit, and another before it is acknowledged. It takes some ten microseconds.
 */
import { closeSync, openSync, readSync, statSync, type Stats, writeSync } from "node:fs"
import { indexByte, locksHeld, sharedByte } from "./locksHeld.ts"

export type Finding =
  /** The file is not at its path: it may be put back. */
  | { readonly _tag: "Displaced"; readonly cause: string }
  /** The log or its index is not at its path. What is in the log can still be moved into the file, through the open handle. */
  | { readonly _tag: "LogGone"; readonly cause: string }
  /** Locks were dropped. */
  | { readonly _tag: "Unlocked" }
  /** Part of what was written is not there any more. */
  | { readonly _tag: "Damaged"; readonly cause: string }

/** Pages in the log, and those of them that have been moved into the file. */
export interface LogPages {
  readonly logged: number
  readonly moved: number
}

export interface FileWatch {
  /** `null`: all is well. */
  probe(): Finding | null
  /** Of the last look. */
  readonly log: LogPages
  /** Has SQLite build its index anew from the log, which it does of one that says nothing. */
  forgetIndex(): void
  /** Only after the connection has closed: each handle that closes takes SQLite's locks along. */
  close(): void
}

/** Of the file that lies at `path` now, its log and the log's index, all of which the connection has open. */
export const watchFile = (path: string): FileWatch => {
  const [logPath, indexPath] = [`${path}-wal`, `${path}-shm`]
  const [file, log, index] = [stat(path), stat(logPath), stat(indexPath)]
  const [fileLock, indexLock] = [locksHeld(file, sharedByte), locksHeld(index, indexByte)]
  const content = log === undefined || index === undefined ? null : contentOf(path)
  let size = file?.size ?? 0
  return {
    probe: () => {
      try {
        const found = stat(path)
        if (found === undefined) return displaced("the file was deleted or moved; put it back, or stop and start anew")
        if (!isSame(found, file))
          return displaced("another file took its place; put the first one back, or stop and start anew")
        const foundLog = stat(logPath)
        if (!isSame(foundLog, log)) return { _tag: "LogGone", cause: "its log was deleted or replaced" }
        if (!isSame(stat(indexPath), index))
          return { _tag: "LogGone", cause: "the index of its log was deleted or replaced" }
        // Also without locks: who cuts a file off closes a handle of it, which drops them where it is this process.
        const cause = content?.fileDamage(found.size, size) ?? null
        if (cause !== null) return { _tag: "Damaged", cause }
        if (!fileLock.held() || !indexLock.held()) return { _tag: "Unlocked" }
        const logCause = content?.logDamage(foundLog?.size ?? 0) ?? null
        if (logCause !== null) return { _tag: "Damaged", cause: logCause }
        size = found.size
        return null
      } catch (error) {
        return displaced(error instanceof Error ? error.message : String(error))
      }
    },
    get log() {
      return content?.log() ?? noLog
    },
    forgetIndex: () => content?.forgetIndex(),
    close: () => {
      for (const each of [fileLock, indexLock, content]) each?.close()
    }
  }
}

const noLog: LogPages = { logged: 0, moved: 0 }

const displaced = (cause: string): Finding => ({ _tag: "Displaced", cause })

const stat = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false })

export const isSame = (found: Stats | undefined, first: Stats | undefined): boolean =>
  found?.ino === first?.ino && found?.dev === first?.dev

/** Both formats are SQLite's: https://sqlite.org/walformat.html */
const logHeaderBytes = 32
/** Of the file, up to its number of pages, and of that what never changes: SQLite's name, a page's size, that there is a log. See https://sqlite.org/fileformat.html */
const fileBeginningBytes = 32
const steadyBytes = 24
const frameHeaderBytes = 24
const indexHeaderBytes = 48
/** Twice the header, then how many pages have been moved. */
const indexHeadBytes = 2 * indexHeaderBytes + 4
/** At a log that is moved all the while. */
const mostProbes = 5

/** What the log and its index say of each other, read through handles that stay open. */
const contentOf = (path: string) => {
  const log = openSync(`${path}-wal`, "r")
  const index = openSync(`${path}-shm`, "r+")
  const file = openSync(path, "r")
  const beginning = Buffer.alloc(fileBeginningBytes)
  const first = Buffer.alloc(fileBeginningBytes)
  readSync(file, first, 0, fileBeginningBytes, 0)
  const head = Buffer.alloc(indexHeadBytes)
  const header = head.subarray(0, indexHeaderBytes)
  const again = Buffer.alloc(indexHeaderBytes)
  const frame = Buffer.alloc(frameHeaderBytes)
  const start = Buffer.alloc(logHeaderBytes)
  const logCut = (logSize: number): string | null => {
    const frames = word(header, 16)
    if (frames === 0) return null
    const frameBytes = frameHeaderBytes + pageBytes(header)
    if (logSize < logHeaderBytes + frames * frameBytes) return "its log was cut off by another program"
    readSync(log, start, 0, logHeaderBytes, 0)
    readSync(log, frame, 0, frameHeaderBytes, logHeaderBytes + (frames - 1) * frameBytes)
    const salt = header.subarray(32, 40)
    const sound =
      start.subarray(16, 24).equals(salt) &&
      frame.subarray(8, 16).equals(salt) &&
      frame.readUInt32BE(16) === word(header, 24) &&
      frame.readUInt32BE(20) === word(header, 28)
    return sound ? null : "its log was overwritten by another program"
  }
  return {
    fileDamage: (size: number, before: number): string | null => {
      if (size === 0 && before > 0) return "it was cut off by another program"
      const length = readSync(file, beginning, 0, fileBeginningBytes, 0)
      if (length < fileBeginningBytes || !beginning.subarray(0, steadyBytes).equals(first.subarray(0, steadyBytes)))
        return size < before ? "it was cut off by another program" : "its beginning was overwritten by another program"
      // Dropped pages are given back only by a VACUUM: then there are fewer of them, by the file or by the log's index.
      if (size >= before) return null
      readSync(index, head, 0, indexHeadBytes, 0)
      const pages = Math.max(
        beginning.readUInt32BE(28) * filePageBytes(beginning),
        word(header, 20) * pageBytes(header)
      )
      return size < Math.min(before, pages) ? "it was cut off by another program" : null
    },
    /** Twice the same, since another process's checkpoint may come in between. */
    logDamage: (logSize: number): string | null => {
      for (let probes = 0; ; probes++) {
        readSync(index, head, 0, indexHeadBytes, 0)
        const damage = logCut(probes === 0 ? logSize : (stat(`${path}-wal`)?.size ?? 0))
        if (damage === null || (probes > 0 && again.equals(header))) return damage
        if (probes === mostProbes) return null
        header.copy(again)
      }
    },
    log: (): LogPages => ({ logged: word(header, 16), moved: word(head, 2 * indexHeaderBytes) }),
    forgetIndex: () => void writeSync(index, Buffer.alloc(2 * indexHeaderBytes), 0, 2 * indexHeaderBytes, 0),
    close: () => {
      for (const handle of [log, index, file]) closeSync(handle)
    }
  }
}

/** In the byte order of this machine. */
const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
const word = (bytes: Buffer, at: number): number => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))

const filePageBytes = (beginning: Buffer): number => {
  const found = beginning.readUInt16BE(16)
  return found === 1 ? 65_536 : found
}

const pageBytes = (header: Buffer): number => {
  const found = littleEndian ? header.readUInt16LE(14) : header.readUInt16BE(14)
  return found === 1 ? 65_536 : found
}
