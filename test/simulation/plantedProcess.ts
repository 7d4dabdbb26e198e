/** The process in which a planted bug is looked for: prints the seed that found it and the invariant. */
import { generatePlan } from "./generatePlan.ts"
import { runPlan } from "./runPlan.ts"

for (let seed = 1; seed <= Number(process.argv[2]); seed++) {
  const { violations } = await runPlan(generatePlan(seed))
  const [violation] = violations
  if (violation === undefined) continue
  process.stdout.write(`${seed} ${violation.invariant.replaceAll(" ", "")}\n`)
  process.exit(0)
}
