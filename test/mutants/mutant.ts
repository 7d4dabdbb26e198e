/** The changes of a file: a list that is the same wherever and whenever it is made from the same sources. */
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { refusedTexts } from "./compiler.ts"
import type { Edit } from "./mutators.ts"
import { editsOf } from "./mutators.ts"
import type { Room } from "./rooms.ts"
import { isOfRoom } from "./rooms.ts"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Mutant {
  /** From the root, as `src/job/retry.ts`. */
  readonly file: string
  readonly edit: Edit
  readonly line: number
  /** The text of its line and the change, so it stays when other lines move; numbered where that is not enough. */
  readonly name: string
}

/** TypeScript files below `folder`, from the root and in order. */
const filesOf = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .sort()

export const filesOfRoom = (room: Room): ReadonlyArray<string> =>
  filesOf(room.sources).filter((file) => isOfRoom(room, file))

/** What the compiler refuses is left out. */
export const mutantsOf = (file: string): ReadonlyArray<Mutant> => {
  const text = readFileSync(join(root, file), "utf8")
  const edits = editsOf(file, text)
  const doubtful = edits.filter(({ mayBeRefused }) => mayBeRefused)
  const refused = refusedTexts(
    root,
    file,
    text,
    doubtful.map((edit) => changed(text, edit))
  )
  const refusedEdits = new Set(doubtful.filter((_, index) => refused.has(index)))
  const times = new Map<string, number>()
  return edits
    .filter((edit) => !refusedEdits.has(edit))
    .map((edit) => {
      const before = text.slice(0, edit.start)
      const lineText = text.slice(before.lastIndexOf("\n") + 1).split("\n", 1)[0] ?? ""
      const from = inWords(text.slice(edit.start, edit.end))
      const name = `${inWords(lineText, 90)} | ${from} -> ${inWords(edit.text)}`
      const time = (times.get(name) ?? 0) + 1
      times.set(name, time)
      return { file, edit, line: before.split("\n").length, name: time === 1 ? name : `${name} (${time})` }
    })
}

export const changed = (text: string, { start, end, text: replacement }: Edit): string =>
  text.slice(0, start) + replacement + text.slice(end)

const inWords = (text: string, most = 60): string => {
  const oneLine = text.replaceAll(/\s+/g, " ").trim()
  return oneLine.length <= most ? oneLine : `${oneLine.slice(0, most - 22)} … ${oneLine.slice(-19)}`
}
