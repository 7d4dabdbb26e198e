/**
 * Is the file that a connection writes still the one at its path? A file that was deleted or replaced goes on taking commits, and
 * everything in them ends with the process: so it is looked at before each.
 */
import { statSync } from "node:fs"

/** What is wrong with the file's place; `null`: nothing. */
export type Presence = () => string | null

/** Of the file that lies at `path` now. A look takes some microseconds. */
export const presenceOf = (path: string): Presence => {
  const opened = statSync(path, { throwIfNoEntry: false })
  return () => {
    try {
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined) return "the file was deleted or moved; put it back, or stop and start anew"
      return found.ino === opened?.ino && found.dev === opened.dev
        ? null
        : "another file took its place; put the first one back, or stop and start anew"
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}
