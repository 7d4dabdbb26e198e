/**
 * Where a file's name leads, and whether the files that SQLite keeps beside it can have their names. Of a link without an end and of a
 * name that is too long it says no more than "unable to open database file".
 */
import { lstatSync, readlinkSync, realpathSync, statSync } from "node:fs"
import { basename, dirname, isAbsolute, join, sep } from "node:path"

/** Where `name` lies or would be made, its own symbolic links followed. Throws what the system says, as of links in a circle. */
export const placeOf = (name: string): string => {
  if (isThere(name)) return realpathSync(name)
  const directory = dirname(name)
  if (isLink(name)) {
    const target = readlinkSync(name)
    return placeOf(isAbsolute(target) ? target : `${realpathSync(directory)}${sep}${target}`)
  }
  return isThere(directory) ? join(realpathSync(directory), basename(name)) : name
}

export const isThere = (name: string): boolean => statSync(name, { throwIfNoEntry: false }) !== undefined

export const isDanglingLink = (name: string): boolean => isLink(name) && !isThere(name)

const isLink = (name: string): boolean => lstatSync(name, { throwIfNoEntry: false })?.isSymbolicLink() === true

/** Whether no file at `place` can be written: the system has no room in a name for its journal, or SQLite for that of its lock. */
export const isTooLongToWrite = (place: string): boolean =>
  isTooLong(`${place}-journal`) || isTooLongForSqlite(`${place}.lock-journal`)

/** Whether no file at `place` can be read: SQLite looks for its log, and makes room for the name of a journal. */
export const isTooLongToRead = (place: string): boolean =>
  isTooLong(`${place}-wal`) || isTooLongForSqlite(`${place}-journal`)

export const tooLong = {
  cause: "its name is too long for those of the log and the lock beside it",
  remedy: "give a shorter name"
} as const

const isTooLong = (name: string): boolean => {
  try {
    // A link in the place of that file is looked at by whoever opens it.
    lstatSync(name, { throwIfNoEntry: false })
    return false
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code === "ENAMETOOLONG") return true
    throw error
  }
}

/** MAX_PATHNAME of its os_unix.c. */
const longestName = 512

const isTooLongForSqlite = (name: string): boolean =>
  process.platform !== "win32" && Buffer.byteLength(name) > longestName
