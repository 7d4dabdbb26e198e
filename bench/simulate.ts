/**
 * Schedules run through in virtual time: a year of 50 jobs every 15 minutes on the memory store, its ledger read and checked,
 * and how much memory that took; a month of one daily job, ten years of one yearly job, and runs that take time.
 */
import { cron, task } from "carillon"
import type { JobInput } from "carillon"
import type { SimulateOptions } from "carillon/testing"
import { simulate, takes } from "carillon/testing"
import type { BenchSettings, Figure } from "./figure.ts"
import { atMost, figure } from "./figure.ts"
import type { Taken } from "./meter.ts"
import { median, meter } from "./meter.ts"

const from = Date.UTC(2026, 0, 1)
const dayMs = 86_400_000

export const measure = async ({ scale, rounds }: BenchSettings): Promise<ReadonlyArray<Figure>> => {
  const daily = await several(rounds, { tasks: "none", to: from + 31 * dayMs, jobs: jobs(1, "0 9 * * *") }, 31)
  const yearly = await several(rounds, { tasks: "none", to: from + 3652 * dayMs, jobs: jobs(1, "0 0 1 7 *") }, 10)
  const days = Math.max(1, Math.round(365 * scale))
  const slowDays = Math.max(1, Math.round(30 * scale))
  const slowTasks = [task("work", takes("10 minutes"))]
  const slowRuns = slowDays * 24 * 50
  const slow = await run({ tasks: slowTasks, to: from + slowDays * dayMs, jobs: jobs(50, "0 * * * *") }, slowRuns)
  const fires = days * 96 * 50
  const year = await run({ tasks: "none", to: from + days * dayMs, jobs: jobs(50, "*/15 * * * *") }, fires)
  // What the process held at its most, the bench's other worlds included.
  const peakMegabytes = process.resourceUsage().maxRSS / 1024
  return [
    figure({
      name: `simulate ${days} days of 50 jobs every 15 minutes, ${fires.toLocaleString("en")} fires`,
      unit: "s",
      value: year.ms / 1000,
      target: atMost(60),
      cpuMicros: year.cpuMicros / fires
    }),
    figure({ name: "  a fire", unit: "µs", value: (year.ms / fires) * 1000, cpuMicros: year.cpuMicros / fires }),
    figure({ name: "  peak resident memory", unit: "MB", value: peakMegabytes }),
    figure({
      name: "simulate 50 jobs an hour that take 10 minutes, a run",
      unit: "µs",
      value: (slow.ms / slowRuns) * 1000,
      cpuMicros: slow.cpuMicros / slowRuns
    }),
    figure({ name: "simulate a month of a daily job", unit: "ms", value: daily, target: atMost(100) }),
    figure({ name: "simulate ten years of a yearly job", unit: "ms", value: yearly, target: atMost(100) })
  ]
}

const jobs = (count: number, expression: string): ReadonlyArray<JobInput> =>
  Array.from({ length: count }, (_, index) => ({ id: `job-${index}`, task: "work", trigger: cron(expression) }))

const several = async (rounds: number, options: Omit<SimulateOptions, "from">, runs: number): Promise<number> => {
  const taken: Array<number> = []
  for (let round = 0; round < Math.max(3, rounds); round++) taken.push((await run(options, runs)).ms)
  return median(taken)
}

const run = async (options: Omit<SimulateOptions, "from">, runs: number): Promise<Taken> => {
  const taken = meter()
  const result = await simulate({ from, ...options })
  const took = taken()
  if (result.runs.length !== runs || !result.verification.ok)
    throw new Error(`${result.runs.length} of ${runs} runs, ${result.verification.violations.length} violations`)
  return took
}
