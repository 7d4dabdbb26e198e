/** The simulation finds planted bugs. Those that take it longest are left to `npm run simulate -- --planted`. */
import { describe, expect, it } from "vitest"
import { plantedBugs } from "./plantedBugs.ts"
import { findBug } from "./plantedSearch.ts"
import { plantedFindings } from "./plantedTable.ts"

/** Seeds that a bug may take to be looked for here. */
const mostSeeds = 70

describe("planted bugs", () => {
  const known = plantedFindings()
  const quick = plantedBugs.flatMap((bug) => {
    const seeds = known.find(({ name }) => name === bug.name)?.seeds ?? null
    return seeds !== null && seeds <= mostSeeds ? [{ bug, seeds }] : []
  })
  // Two processes at a time: the usual machine has two cores.
  const pairs = Array.from({ length: Math.ceil(quick.length / 2) }, (_, pair) => quick.slice(2 * pair, 2 * pair + 2))

  it.each(pairs.map((pair) => ({ names: pair.map(({ bug }) => bug.name).join("; "), pair })))(
    "are found: $names",
    async ({ pair }) => {
      const found = await Promise.all(pair.map(({ bug, seeds }) => findBug(bug, 2 * seeds + 10, 120_000)))
      expect(found.filter(({ seeds }) => seeds === null)).toEqual([])
    },
    150_000
  )
})
