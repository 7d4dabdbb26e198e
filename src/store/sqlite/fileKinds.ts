/**
 * What lies at a store's place is looked at before SQLite opens it: to open a pipe waits for its other end, for ever and with the event
 * loop, and of what else is wrong there SQLite says no more than "unable to open database file".
 */
import { type Stats, statSync } from "node:fs"
import { dirname } from "node:path"
import { Effect } from "effect"
import { isDanglingLink, isThere, isTooLongToWrite, placeOf, tooLong } from "./filePlace.ts"
import { StoreUnavailable, StoreUnreadable } from "../storeError.ts"

/** Fails where `filename` is there and no file, or where nothing by that name could be made. */
export const refuseOddFile = (filename: string): Effect.Effect<void, StoreUnavailable> =>
  Effect.suspend(() => {
    try {
      const kind = oddKind(statSync(filename, { throwIfNoEntry: false }))
      if (kind === "a directory") return refused(filename, "it is a directory", "give the name of a file in it")
      if (kind !== null) return refused(filename, `it is ${kind}`, "give the name of a file")
      const place = placeOf(filename)
      const directory = dirname(place)
      if (isDanglingLink(directory))
        return refused(filename, `its directory ${directory} is a link that leads nowhere`, remakeLink)
      if (!isThere(directory))
        return isDanglingLink(filename)
          ? refused(filename, `it is a link that leads nowhere: ${directory} does not exist`, remakeLink)
          : refused(filename, `its directory ${directory} does not exist`, "make the directory")
      return isTooLongToWrite(place) ? refused(filename, tooLong.cause, tooLong.remedy) : Effect.void
    } catch (error) {
      return refused(filename, error, remedyOf(error))
    }
  })

/** Fails where something else than a file lies in the place of a log, an index, a journal or the lock of the file at `path`. */
export const refuseOddCompanions = (path: string, store: string): Effect.Effect<void, StoreUnreadable> =>
  Effect.suspend(() => {
    for (const companion of companions) {
      const name = `${path}${companion}`
      const kind = oddKindAt(name)
      if (kind !== null)
        return Effect.fail(
          new StoreUnreadable({ store, cause: `${name} is ${kind} in the place of a file`, remedy: "remove it" })
        )
    }
    return Effect.void
  })

/** All that SQLite looks for: the lock is a database too. */
const companions = ["-wal", "-shm", "-journal", ".lock", ".lock-wal", ".lock-shm", ".lock-journal"]

const remakeLink = "make what it leads to, or another link"

const oddKindAt = (name: string): string | null => {
  try {
    return oddKind(statSync(name, { throwIfNoEntry: false }))
  } catch (error) {
    // Links in a circle; a name that is longer than the file's own and so too long.
    return codeOf(error) === "ENAMETOOLONG" ? null : "a link that leads nowhere"
  }
}

const oddKind = (found: Stats | undefined): string | null => {
  if (found === undefined || found.isFile()) return null
  if (found.isDirectory()) return "a directory"
  if (found.isFIFO()) return "a named pipe"
  return found.isSocket() ? "a socket" : "a device"
}

const refused = (store: string, cause: unknown, remedy: string) =>
  Effect.fail(new StoreUnavailable({ store, operation: "open", cause, remedy }))

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code

/** What helps where a name cannot be looked up. */
export const remedyOf = (error: unknown): string => {
  switch (codeOf(error)) {
    case "ENAMETOOLONG":
      return "give a shorter name"
    case "ENOTDIR":
      return "give a name whose directories are directories"
    case "ELOOP":
      return "its links lead in a circle: give the name of a file"
    case "EACCES":
      return "let this process's user into its directory"
    default:
      return "check the name"
  }
}
