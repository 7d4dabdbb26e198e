/**
 * `survivors.json`: the changes that no unit test kills, by file, each under the reason why none does. A name is what `npm run mutants`
 * prints, without the file.
 */
import { readFileSync } from "node:fs"

/** `{ [file]: { [why]: [change, …] } }` */
export type Survivors = Readonly<Record<string, Readonly<Record<string, ReadonlyArray<string>>>>>

export const survivors = (): Survivors =>
  JSON.parse(readFileSync(new URL("survivors.json", import.meta.url), "utf8")) as Survivors

/** By file, the names of its changes. */
export const listedSurvivors = (): ReadonlyMap<string, ReadonlySet<string>> =>
  new Map(Object.entries(survivors()).map(([file, reasons]) => [file, new Set(Object.values(reasons).flat())]))
