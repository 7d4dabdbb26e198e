/** `docs/planted-bugs.md`: which planted bug was found within how many seeds, and by what. */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { plantedBugs } from "./plantedBugs.ts"
import type { Finding } from "./plantedSearch.ts"

const file = fileURLToPath(new URL("../../docs/planted-bugs.md", import.meta.url))

const introduction = `# Planted bugs

Small faults of the kind that people make, put into the engine one at a time, each looked for by the simulation. They prove the
prover: a simulation that finds nothing is worth as much as it would find. Seeds are lived through from 1 upwards; the invariant is the
first one that breaks. \`npm run simulate -- --planted\` writes this page.

| bug | found by seed | invariant |
| --- | ---: | --- |
`

export const plantedRow = ({ name, seeds, invariant }: Finding): string =>
  `| ${name} | ${seeds ?? "not found"} | ${invariant ?? ""} |`

export const writePlantedTable = (findings: ReadonlyArray<Finding>): void => {
  const rows = plantedBugs.flatMap(({ name }) => findings.filter((finding) => finding.name === name).map(plantedRow))
  writeFileSync(file, `${introduction}${rows.join("\n")}\n`)
}

/** What the page says, in its order. */
export const plantedFindings = (): ReadonlyArray<Finding> =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| bug") && !line.startsWith("| ---"))
    .map((line) => {
      const [, name = "", seeds = "", invariant = ""] = line.split("|").map((cell) => cell.trim())
      return { name, seeds: /^\d+$/.test(seeds) ? Number(seeds) : null, invariant: invariant === "" ? null : invariant }
    })
