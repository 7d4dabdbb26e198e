/**
 * `npm run simulate`: seeds in a row (`--seeds 10000 --from 1`), one of them (`--seed 7`, with `--trace` line by line), or every
 * planted bug (`--planted`, which writes docs/planted-bugs.md). Exit code 1 when a promise is broken or a bug is not found.
 */
import { generatePlan } from "./generatePlan.ts"
import { plantedBugs } from "./plantedBugs.ts"
import type { Finding } from "./plantedSearch.ts"
import { findBug } from "./plantedSearch.ts"
import { plantedRow, writePlantedTable } from "./plantedTable.ts"
import { runSeed } from "./runSeed.ts"
import { runPlan } from "./runPlan.ts"
import { Sometimes } from "./sometimes.ts"

const option = (name: string): number | null => {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? null : Number(process.argv[at + 1])
}
const has = (name: string): boolean => process.argv.includes(`--${name}`)
const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Two at a time: the usual machine has two cores. */
const findAll = async (seeds: number): Promise<number> => {
  const findings: Array<Finding> = []
  const left = [...plantedBugs]
  const only = process.argv[process.argv.indexOf("--bug") + 1]
  const work = async (): Promise<void> => {
    for (let bug = left.shift(); bug !== undefined; bug = left.shift()) {
      if (has("bug") && bug.name !== only) continue
      const finding = await findBug(bug, seeds, 600_000)
      findings.push(finding)
      say(plantedRow(finding))
    }
  }
  await Promise.all([work(), work()])
  const missed = findings.filter(({ seeds: taken }) => taken === null)
  if (!has("bug")) writePlantedTable(findings)
  say(`${findings.length - missed.length} of ${findings.length} planted bugs found within ${seeds} seeds`)
  return missed.length === 0 ? 0 : 1
}

const main = async (): Promise<number> => {
  if (has("planted")) return findAll(option("seeds") ?? 300)
  const one = option("seed")
  if (one !== null && has("trace")) {
    await runPlan(generatePlan(one), say)
    return 0
  }
  const first = one ?? option("from") ?? 1
  const count = one === null ? (option("seeds") ?? 100) : 1
  const total = new Sometimes()
  let broken = 0
  for (let seed = first; seed < first + count; seed++) {
    const result = await runSeed(seed)
    total.add(result.sometimes)
    if (result.failure === null) continue
    broken += 1
    say(result.failure)
    if (broken === 10) break
  }
  for (const [what, times] of [...total.counts].sort(([a], [b]) => a.localeCompare(b)))
    say(`${String(times).padStart(9)}  ${what}`)
  say(`${count} seeds from ${first}: ${broken} broken`)
  return broken === 0 ? 0 : 1
}

process.exitCode = await main()
