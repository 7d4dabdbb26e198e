/**
 * Does what a connection writes still reach the file at its path? A file or log that was deleted or replaced goes on taking commits,
 * and everything in them ends with the process; locks that were dropped let others move and delete the log. So there is a look before
 * each commit, and another before it is acknowledged. It takes some ten microseconds.
 */
import { closeSync, openSync, readSync, statSync, type Stats, writeSync } from "node:fs"
import { indexByte, locksHeld, sharedByte } from "./sqliteLocksHeld.ts"

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

export interface Presence {
  /** `null`: all is well. */
  look(): Finding | null
  /** Of the last look. */
  readonly log: LogPages
  /** Has SQLite build its index anew from the log, which it does of one that says nothing. */
  forgetIndex(): void
  /** Only after the connection has closed: each handle that closes takes SQLite's locks along. */
  close(): void
}

/** Of the file that lies at `path` now, its log and the log's index, all of which the connection has open. */
export const presenceOf = (path: string): Presence => {
  const [logPath, indexPath] = [`${path}-wal`, `${path}-shm`]
  const [file, log, index] = [stat(path), stat(logPath), stat(indexPath)]
  const [fileLock, indexLock] = [locksHeld(file, sharedByte), locksHeld(index, indexByte)]
  const content = log === undefined || index === undefined ? null : contentOf(path)
  let size = file?.size ?? 0
  return {
    look: () => {
      try {
        const found = stat(path)
        if (found === undefined) return displaced("the file was deleted or moved; put it back, or stop and start anew")
        if (!isSame(found, file))
          return displaced("another file took its place; put the first one back, or stop and start anew")
        const foundLog = stat(logPath)
        if (!isSame(foundLog, log)) return { _tag: "LogGone", cause: "its log was deleted or replaced" }
        if (!isSame(stat(indexPath), index))
          return { _tag: "LogGone", cause: "the index of its log was deleted or replaced" }
        if (!fileLock.held() || !indexLock.held()) return { _tag: "Unlocked" }
        const cause = content?.damage(found.size, foundLog?.size ?? 0, size) ?? null
        size = found.size
        return cause === null ? null : { _tag: "Damaged", cause }
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
const frameHeaderBytes = 24
const indexHeaderBytes = 48
/** Twice the header, then how many pages have been moved. */
const indexHeadBytes = 2 * indexHeaderBytes + 4
/** At a log that is moved all the while. */
const mostLooks = 5

/** What the log and its index say of each other, read through handles that stay open. */
const contentOf = (path: string) => {
  const log = openSync(`${path}-wal`, "r")
  const index = openSync(`${path}-shm`, "r+")
  const head = Buffer.alloc(indexHeadBytes)
  const header = head.subarray(0, indexHeaderBytes)
  const again = Buffer.alloc(indexHeaderBytes)
  const frame = Buffer.alloc(frameHeaderBytes)
  const start = Buffer.alloc(logHeaderBytes)
  const logDamage = (logSize: number): string | null => {
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
    /** Twice the same, since another process's checkpoint may come in between. */
    damage: (size: number, logSize: number, before: number): string | null => {
      for (let looks = 0; ; looks++) {
        readSync(index, head, 0, indexHeadBytes, 0)
        // Dropped pages are given back only by a VACUUM, after whose commit there are fewer of them.
        const pages = Math.min(before, word(header, 20) * pageBytes(header))
        const cut = size < pages || (size === 0 && before > 0)
        const damage = cut
          ? "it was cut off by another program"
          : logDamage(looks === 0 ? logSize : (stat(`${path}-wal`)?.size ?? 0))
        if (damage === null || (looks > 0 && again.equals(header))) return damage
        if (looks === mostLooks) return null
        header.copy(again)
      }
    },
    log: (): LogPages => ({ logged: word(header, 16), moved: word(head, 2 * indexHeaderBytes) }),
    forgetIndex: () => void writeSync(index, Buffer.alloc(2 * indexHeaderBytes), 0, 2 * indexHeaderBytes, 0),
    close: () => {
      closeSync(log)
      closeSync(index)
    }
  }
}

/** In the byte order of this machine. */
const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
const word = (bytes: Buffer, at: number): number => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))

const pageBytes = (header: Buffer): number => {
  const found = littleEndian ? header.readUInt16LE(14) : header.readUInt16BE(14)
  return found === 1 ? 65_536 : found
}
