/** One seed: its world lived through twice, which must be the same; and, when a promise is broken, the smallest plan that still breaks it. */
import { generatePlan } from "./generatePlan.ts"
import { runPlan } from "./runPlan.ts"
import { shrink } from "./shrink.ts"
import type { Sometimes } from "./sometimes.ts"

export interface SeedResult {
  readonly sometimes: Sometimes
  readonly hash: string
  /** The invariant that is broken, or `null`. */
  readonly invariant: string | null
  /** What to print; `null` when all is well. */
  readonly failure: string | null
}

export const runSeed = async (seed: number, { twice = true, shrinks = true } = {}): Promise<SeedResult> => {
  const plan = generatePlan(seed)
  const life = await runPlan(plan)
  const { sometimes, hash } = life
  const [violation] = life.violations
  if (violation !== undefined) {
    const lines = [
      `seed ${seed}: ${violation.invariant} at ${violation.atMs} ms: ${violation.message}`,
      `  npm run simulate -- --seed ${seed}`
    ]
    if (shrinks) lines.push(...(await shrink(plan, violation.invariant)))
    return { sometimes, hash, invariant: violation.invariant, failure: lines.join("\n") }
  }
  if (twice) {
    const again = await runPlan(plan)
    if (again.hash !== hash)
      return {
        sometimes,
        hash,
        invariant: "deterministic",
        failure: `seed ${seed}: a second run gives another history\n  npm run simulate -- --seed ${seed}`
      }
  }
  return { sometimes, hash, invariant: null, failure: null }
}
