/** Planted bugs fit the sources, and the search finds the quickest. All others: `plantedBugs.proof.test.ts`. */
import { describe, expect, it } from "vitest"
import { plantedBugs } from "./plantedBugs.ts"
import { findBug, staleEdits } from "./plantedSearch.ts"
import { plantedFindings } from "./plantedTable.ts"

describe("planted bugs", () => {
  const known = plantedFindings()

  it("still fit the sources", () => {
    expect(staleEdits(plantedBugs)).toEqual([])
  })

  it("are each in the table, found", () => {
    expect(known.map(({ name }) => name)).toEqual(plantedBugs.map(({ name }) => name))
    expect(known.filter(({ seeds }) => seeds === null)).toEqual([])
  })

  it("are found where the first seed shows them", { timeout: 120_000 }, async () => {
    const quickest = plantedBugs.find((bug) => known.some(({ name, seeds }) => name === bug.name && seeds === 1))
    expect(quickest && (await findBug(quickest, 1, 100_000))).toMatchObject({ seeds: 1 })
  })
})
