/** Kills a scheduler around what it has sent to a run, and says what the run's machine got of it. */
import { join } from "node:path"
import { startChild } from "./killLoop.ts"

/** How a life ends: see `sentEventsLife.ts`. */
export type Killed = "answered" | "rested" | "asked"

export interface Received {
  /** How each life has ended. */
  readonly ends: ReadonlyArray<string>
  /** What the machine says that it got, in its order. */
  readonly got: ReadonlyArray<number>
  /** What was answered before the kills, in the order of the answers. */
  readonly answered: ReadonlyArray<number>
  /** What `verify` says at the end. */
  readonly violations: unknown
}

export const sentEventsLife = join(import.meta.dirname, "sentEventsLife.ts")

/** A life for each of `kills`, which sends the next three numbers, and a last one that ends the run. */
export const killWhileSending = async (
  program: string,
  filename: string,
  machine: "waits" | "works",
  kills: ReadonlyArray<Killed>
): Promise<Received> => {
  const answered: Array<number> = []
  const ends: Array<string> = []
  for (const [index, manner] of kills.entries()) {
    const first = 1 + 3 * index
    const numbers = [first, first + 1, first + 2]
    const child = startChild(program, [filename, machine, String(first), manner])
    if (!(await child.reached(manner === "answered" ? `answered ${first + 2}` : manner)))
      throw new Error(child.errors())
    child.process.kill("SIGKILL")
    ends.push(await child.ended)
    answered.push(...numbers.filter((number) => child.said(`answered ${number}`)))
  }
  const last = startChild(program, [filename, machine, "0", "over"])
  ends.push(await last.ended)
  if (last.errors() !== "") throw new Error(last.errors())
  return {
    ends,
    answered,
    got: JSON.parse(last.told("over") ?? "[]") as ReadonlyArray<number>,
    violations: JSON.parse(last.told("verified") ?? "null") as unknown
  }
}
