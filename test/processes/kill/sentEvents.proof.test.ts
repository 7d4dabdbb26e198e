/** Events that were sent to a run, and `kill -9` at every moment after that. Fewer of them: `sentEvents.test.ts`. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { bundled } from "../../bundle.ts"
import type { Killed } from "./sentEvents.ts"
import { killWhileSending, sentEventsLife } from "./sentEvents.ts"

let directory = ""
let program = ""

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "carillon-sent-"))
  program = await bundled(sentEventsLife, directory)
})
afterAll(() => rmSync(directory, { recursive: true }))

/** One that works is killed twice at the most: the third crash would park its job. */
const lives: ReadonlyArray<readonly ["waits" | "works", ReadonlyArray<Killed>]> = [
  ["waits", ["answered", "rested", "asked", "answered", "rested", "answered", "asked", "rested"]],
  ["works", ["answered", "answered"]],
  ["works", ["rested", "asked"]],
  ["works", ["asked", "answered"]]
]

it.each(lives)(
  "come once and in order to a machine that %s, killed when they are %s",
  { timeout: 240_000 },
  async (machine, kills) => {
    const filename = join(directory, `${machine}-${kills.join("-")}.db`)
    const { ends, got, answered, violations } = await killWhileSending(program, filename, machine, kills)
    expect({ ends, violations }).toEqual({ ends: [...kills.map(() => "SIGKILL"), "0"], violations: [] })
    // In order, each once, and all that were answered; one that was only asked for may have come or not.
    expect(got).toEqual([...new Set(got)].toSorted((one, other) => one - other))
    expect(got.filter((number) => answered.includes(number))).toEqual(answered)
    const asked = kills.flatMap((manner, life) => (manner === "asked" ? [1, 2, 3].map((nth) => 3 * life + nth) : []))
    expect(answered.length).toBeGreaterThanOrEqual(3 * kills.length - asked.length)
    expect(got.filter((number) => !answered.includes(number) && !asked.includes(number))).toEqual([])
  }
)
