/** Planted bugs fit the sources, and the search finds the quickest. All others: `plantedBugs.proof.test.ts`. */
import { execFile } from "node:child_process"
import { describe, expect, it } from "vitest"
import { plantedBugs } from "./plantedBugs.ts"
import { findBug, staleEdits, withBug } from "./plantedSearch.ts"
import { plantedFindings } from "./plantedTable.ts"

describe("planted bugs", () => {
  const known = plantedFindings()
  const quickest = plantedBugs.find((bug) => known.some(({ name, seeds }) => name === bug.name && seeds === 1))

  it("still fit the sources", () => {
    expect(staleEdits(plantedBugs)).toEqual([])
  })

  it("are each in the table, found", () => {
    expect(known.map(({ name }) => name)).toEqual(plantedBugs.map(({ name }) => name))
    expect(known.filter(({ seeds }) => seeds === null)).toEqual([])
  })

  it("are found where the first seed shows them", { timeout: 120_000 }, async () => {
    expect(quickest && (await findBug(quickest, 1, 100_000))).toMatchObject({ seeds: 1 })
  })

  it("whose text does not occur, or more than once, do not fit, and are said to", () => {
    const [file, replace] = ["test/simulation/plantedBugs.ts", ""]
    const edits = [{ file, find: ["no", "such", "text"].join("-"), replace }]
    const ambiguous = [{ file, find: "bug(", replace }]
    expect(staleEdits([{ name: "gone", edits }])).toEqual([`gone: the text to replace does not occur in ${file}`])
    expect(staleEdits([{ name: "unclear", edits: ambiguous }])).toEqual([
      expect.stringMatching(/^unclear: the text to replace occurs \d+ times in /)
    ])
  })

  it(
    "are traced with the instant that the failure told, and an exit code of their own",
    { timeout: 120_000 },
    async () => {
      if (quickest === undefined) throw new Error("none is found by the first seed")
      await withBug(quickest, "test/simulation/simulate.ts", async (program) => {
        const [told, traced] = [
          await simulate(program, ["--seed", "1"]),
          await simulate(program, ["--seed", "1", "--trace"])
        ]
        const { ms = "", invariant = "" } =
          /^seed 1: (?<invariant>\w+) at (?<ms>[\d.]+) ms: /.exec(told.output)?.groups ?? {}
        const line = traced.output.split("\n").find((each) => each.includes(" VIOLATION ")) ?? ""
        expect(line.startsWith(`${ms} `) && line.includes(` VIOLATION ${invariant}: `), `${ms} of: ${line}`).toBe(true)
        expect([told.code, traced.code]).toEqual([1, 1])
      })
    }
  )
})

const simulate = (program: string, args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: unknown; readonly output: string }>((resolve) => {
    execFile(process.execPath, [program, ...args], { maxBuffer: 100_000_000 }, (error, output) =>
      resolve({ code: error === null ? 0 : error.code, output })
    )
  })
