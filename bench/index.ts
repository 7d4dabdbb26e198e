/**
 * `npm run bench`: all figures, each bench in a process of its own, one table at the end. `npm run bench -- throughput idle`
 * runs some. Options: `--json FILE` writes the figures as JSON, `--scale 0.01` shrinks every size, `--rounds 5`,
 * `--idle-seconds 70`.
 */
import { writeFileSync } from "node:fs"
import { loadavg } from "node:os"
import { parseArgs } from "node:util"
import type { BenchSettings, Figure } from "./figure.ts"
import { table } from "./figure.ts"
import { inChild } from "./inChild.ts"

/** Benches in the order in which they run: files that export `measure`, or that print by themselves. */
const benches = [
  "throughput",
  "distantStore",
  "addJobs",
  "million",
  "lateness",
  "burst",
  "askers",
  "manyJobs",
  "largeResults",
  "idle",
  "recovery",
  "simulate",
  "storeCosts",
  "durableMachines",
  "triggers",
  "executor"
]
const printing = ["executor"]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    scale: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    "idle-seconds": { type: "string", default: "70" }
  }
})

const positive = (option: string, text: string): number => {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  throw new RangeError(`--${option} is ${JSON.stringify(text)}, expected a number above 0`)
}

const settings: BenchSettings = {
  scale: positive("scale", values.scale),
  rounds: Math.ceil(positive("rounds", values.rounds)),
  idleSeconds: positive("idle-seconds", values["idle-seconds"])
}
const unknown = positionals.find((name) => !benches.includes(name))
if (unknown !== undefined) throw new RangeError(`there is no bench ${unknown}; there are ${benches.join(", ")}`)

const figures: Array<Figure> = []
const failures: Array<string> = []
for (const name of benches.filter((each) => positionals.length === 0 || positionals.includes(each))) {
  console.log(`${name} … (load ${(loadavg()[0] ?? NaN).toFixed(1)})`)
  try {
    const module = new URL(`./${name}.ts`, import.meta.url).href
    if (printing.includes(name)) await inChild({ module, name: null, input: null })
    else {
      const given = await inChild<ReadonlyArray<Figure>>({ module, name: "measure", input: settings })
      console.log(table(given)) // Also now: whoever ends a long run early keeps what there is.
      figures.push(...given)
    }
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
console.log(`\n${table(figures)}`)
for (const failure of failures) console.error(failure)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`)
process.exitCode = failures.length === 0 ? 0 : 1
