/**
 * `npm run simulate`: seeds in a row (`--seeds 10000 --from 1`), one of them (`--seed 7`, with `--trace` line by line), or every
 * planted bug (`--planted`, which writes docs/planted-bugs.md). Exit code 1 when a promise is broken or a bug is
 * not found, 2 when nothing was looked for: by wrong arguments, or a bug whose text is not in the sources.
 */
import { parseArgs } from "node:util"
import { generatePlan } from "./generatePlan.ts"
import { plantedBugs } from "./plantedBugs.ts"
import type { Finding } from "./plantedSearch.ts"
import { findBug, staleEdits } from "./plantedSearch.ts"
import { plantedRow, writePlantedTable } from "./plantedTable.ts"
import { runSeed } from "./runSeed.ts"
import { runPlan } from "./runPlan.ts"
import { Sometimes } from "./sometimes.ts"

const usage =
  "usage: npm run simulate -- [--seeds <number>] [--from <seed>] | --seed <seed> [--trace] | --planted [--bug <name>]"

const wrong = (message: string): never => {
  console.error(`${message}\n${usage}`)
  process.exit(2)
}

const given = (() => {
  const text = { type: "string" } as const
  const flag = { type: "boolean" } as const
  const options = { seeds: text, from: text, seed: text, trace: flag, planted: flag, bug: text }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
})()

const whole = (option: "seeds" | "from" | "seed"): number | null => {
  const text = given[option]
  if (text === undefined) return null
  return /^\d{1,9}$/.test(text) ? Number(text) : wrong(`--${option} is ${text}, expected a whole number`)
}
const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Two at a time: the usual machine has two cores. */
const findAll = async (seeds: number): Promise<number> => {
  const findings: Array<Finding> = []
  const only = given.bug
  const wanted = plantedBugs.filter(({ name }) => only === undefined || name === only)
  if (wanted.length === 0) wrong(`no planted bug is named "${only}"`)
  const stale = staleEdits(wanted)
  if (stale.length > 0) {
    stale.forEach(say)
    return 2
  }
  const work = async (): Promise<void> => {
    for (let bug = wanted.shift(); bug !== undefined; bug = wanted.shift()) {
      const finding = await findBug(bug, seeds, 600_000)
      findings.push(finding)
      say(plantedRow(finding))
    }
  }
  await Promise.all([work(), work()])
  const missed = findings.filter(({ seeds: taken }) => taken === null)
  if (only === undefined) writePlantedTable(findings)
  say(`${findings.length - missed.length} of ${findings.length} planted bugs found within ${seeds} seeds`)
  return missed.length === 0 ? 0 : 1
}

/** After how many seeds to say how far it is. */
const progressEvery = 500
/** More broken ones would tell nothing new. */
const mostBroken = 10

const main = async (): Promise<number> => {
  if (given.planted === true) return findAll(whole("seeds") ?? 300)
  const one = whole("seed")
  if (one !== null && given.trace === true) {
    const { violations } = await runPlan(generatePlan(one), say)
    return violations.length === 0 ? 0 : 1
  }
  const first = one ?? whole("from") ?? 1
  const wanted = one === null ? (whole("seeds") ?? 100) : 1
  const total = new Sometimes()
  let broken = 0
  let lived = 0
  while (lived < wanted && broken < mostBroken) {
    const result = await runSeed(first + lived)
    lived += 1
    total.add(result.sometimes)
    if (result.failure !== null) {
      broken += 1
      say(result.failure)
    }
    if (lived % progressEvery === 0) console.error(`${lived} of ${wanted} seeds, ${broken} broken`)
  }
  for (const [what, times] of [...total.counts].sort(([a], [b]) => a.localeCompare(b)))
    say(`${String(times).padStart(9)}  ${what}`)
  say(`${lived} seeds from ${first}: ${broken} broken`)
  return broken === 0 ? 0 : 1
}

process.exitCode = await main()
