/** Makes a plan smaller while it still breaks the same promise: without operations, faults, crashes, jobs, and shorter. */
import type { Plan } from "./plan.ts"
import { runPlan } from "./runPlan.ts"

const mostRuns = 400

/** The smallest plan found, as lines to read. */
export const shrink = async (plan: Plan, invariant: string): Promise<ReadonlyArray<string>> => {
  let smallest = plan
  let runs = 0
  const breaks = async (candidate: Plan): Promise<boolean> => {
    if (runs >= mostRuns) return false
    runs += 1
    const { violations } = await runPlan(candidate)
    return violations[0]?.invariant === invariant
  }
  const keep = async (candidate: Plan): Promise<boolean> => {
    if (!(await breaks(candidate))) return false
    smallest = candidate
    return true
  }
  const drop = async (list: "operations" | "faults" | "crashes" | "deaths"): Promise<void> => {
    for (let size = Math.ceil(smallest[list].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = smallest[list].length - size; at >= 0 - size + 1; at -= size) {
        const from = Math.max(0, at)
        await keep({ ...smallest, [list]: smallest[list].toSpliced(from, Math.min(size, at + size - from)) })
      }
    }
  }
  const [first] = (await runPlan(plan)).violations
  if (first !== undefined) await keep({ ...smallest, length: Math.min(smallest.length, Math.ceil(first.atMs) + 1) })
  await drop("operations")
  await drop("faults")
  await drop("crashes")
  await drop("deaths")
  await drop("operations")
  await keep({ ...smallest, store: "memory" })
  await keep({ ...smallest, concurrency: 100, cachedJobs: 1000, commandTimeout: null })
  const used = new Set(
    smallest.operations.flatMap((operation) =>
      "definition" in operation ? [operation.definition] : "redefine" in operation ? operation.redefine : []
    )
  )
  const definitions = smallest.definitions.filter(({ number }) => used.has(number))
  const { operations, faults, crashes, deaths, length } = smallest
  const [violation] = (await runPlan(smallest)).violations
  return [
    `  smallest plan found (${runs} runs, length ${length} ms): ${violation?.message}`,
    ...definitions.map((definition) => `    definition ${JSON.stringify(definition)}`),
    ...operations.map((operation) => `    ${JSON.stringify(operation)}`),
    ...faults.map((fault) => `    fault ${JSON.stringify(fault)}`),
    ...crashes.map((crash) => `    crash ${JSON.stringify(crash)}`),
    ...deaths.map((death) => `    worker's death ${JSON.stringify(death)}`)
  ]
}
