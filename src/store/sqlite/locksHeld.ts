/**
 * Does this process still hold the locks that SQLite believes it holds? The kernel drops a process's POSIX locks on a file when it
 * closes any handle of that file, without a word to SQLite. Linux tells in /proc; elsewhere the answer is always yes.
 */
import { closeSync, fstatSync, openSync, readdirSync, readSync, type Stats } from "node:fs"

export interface LocksHeld {
  /** Some microseconds. */
  held(): boolean
  close(): void
}

/** Of the lock on `file` that covers `byte`, as it is held now: never of one taken later. */
export const locksHeld = (file: Stats | undefined, byte: number): LocksHeld => {
  const proc = file === undefined ? null : openHolder(file, byte)
  let known = Buffer.alloc(0)
  return {
    held: () => {
      if (proc === null) return true
      const length = read(proc)
      // Word for word what was read when the lock was found: it is there still.
      if (length === known.length && text.compare(known, 0, length, 0, length) === 0) return true
      if (!covers(length, byte)) return false
      known = Buffer.from(text.subarray(0, length))
      return true
    },
    close: () => {
      if (proc !== null) closeSync(proc)
    }
  }
}

/** Bytes that SQLite keeps locked, of a database and of a log's index, see its os_unix.c. */
export const sharedByte = 0x40000002
export const indexByte = 128

/** What /proc tells of the handle through which the lock was taken; `null` where there is no such thing. */
const openHolder = (file: Stats, byte: number): number | null => {
  try {
    for (const number of readdirSync("/proc/self/fd").map(Number)) {
      if (!isOf(file, number)) continue
      const proc = openSync(`/proc/self/fdinfo/${number}`, "r")
      if (covers(read(proc), byte)) return proc
      closeSync(proc)
    }
  } catch {
    // No /proc, or no look into it.
  }
  return null
}

const isOf = ({ dev, ino }: Stats, number: number): boolean => {
  try {
    const found = fstatSync(number)
    return found.ino === ino && found.dev === dev
  } catch {
    return false
  }
}

const text = Buffer.alloc(2048)

const read = (proc: number): number => readSync(proc, text, 0, text.length, 0)

/** Lines such as `lock: 1: POSIX  ADVISORY  READ 12928 fe:00:2147430 1073741826 1073742335`. */
const covers = (length: number, byte: number): boolean => {
  for (const line of text.toString("latin1", 0, length).split("\n")) {
    if (!line.startsWith("lock:")) continue
    const [from, through] = line.split(" ").slice(-2)
    if (Number(from) <= byte && (through === "EOF" || Number(through) >= byte)) return true
  }
  return false
}
