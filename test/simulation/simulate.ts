/** `npm run simulate`: seeds in a row, or one of them in detail; exit code 1 when one breaks a promise. */
import { generatePlan } from "./generatePlan.ts"
import { runSeed } from "./runSeed.ts"
import { runPlan } from "./runPlan.ts"
import { Sometimes } from "./sometimes.ts"

const option = (name: string): number | null => {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? null : Number(process.argv[at + 1])
}
const has = (name: string): boolean => process.argv.includes(`--${name}`)
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const main = async (): Promise<number> => {
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
