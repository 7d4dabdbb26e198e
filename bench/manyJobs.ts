/**
 * Verbs for many jobs at 100,000 of them, in SQLite and in memory: the longest time that the event loop stood still meanwhile. Beside it
 * what the same loop stands still for while nothing is asked.
 */
import { join } from "node:path"
import type { Scheduler } from "carillon"
import { createScheduler, cron, memory, task } from "carillon"
import { sqlite } from "carillon/sqlite"
import type { BenchSettings, Figure } from "./figure.ts"
import { atMost, figure } from "./figure.ts"
import { inChild } from "./inChild.ts"
import { addMany } from "./jobFile.ts"
import { inDirectory, meter, sleep, watchLoop } from "./meter.ts"

const verbs = {
  "getJobs({ tag }), of one in a hundred": (scheduler: Scheduler) => scheduler.getJobs({ tag: "some" }),
  "pauseJobs({ tag }), of one in a hundred": (scheduler: Scheduler) => scheduler.pauseJobs({ tag: "some" }),
  "pauseJobs()": (scheduler: Scheduler) => scheduler.pauseJobs(),
  "removeAllJobs()": (scheduler: Scheduler) => scheduler.removeAllJobs()
}

interface Many {
  readonly filename: string | null
  readonly jobs: number
}

export const measure = ({ scale }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const jobs = Math.ceil(100_000 * scale)
    const figures: Array<Figure> = []
    for (const filename of [join(directory, "many.db"), null]) {
      const input: Many = { filename, jobs }
      const stalls = await inChild<ReadonlyArray<Stall>>({ module: import.meta.url, name: "stalls", input })
      for (const { verb, stallMs, idleMs, cpuMicros } of stalls)
        figures.push(
          figure({
            name: `${verb}, ${jobs.toLocaleString("en")} jobs, ${filename === null ? "memory" : "SQLite"}: longest stall`,
            unit: "ms",
            value: stallMs,
            target: atMost(50),
            beside: { name: "nothing asked", value: idleMs },
            cpuMicros: cpuMicros / jobs
          })
        )
    }
    return figures
  })

interface Stall {
  readonly verb: string
  readonly stallMs: number
  readonly idleMs: number
  readonly cpuMicros: number
}

export const stalls = async ({ filename, jobs }: Many): Promise<ReadonlyArray<Stall>> => {
  const scheduler = createScheduler({
    tasks: [task("noop", () => undefined)],
    store: filename === null ? memory() : sqlite({ filename }),
    timezone: "UTC"
  })
  await scheduler.start()
  await addMany(scheduler, jobs, (index) => ({
    id: `job-${index}`,
    task: "noop",
    tags: index % 100 === 0 ? ["all", "some"] : ["all"],
    trigger: cron("0 9 1 1 *")
  }))
  const found: Array<Stall> = []
  for (const [verb, ask] of Object.entries(verbs)) {
    await sleep(100)
    const idle = watchLoop()
    await sleep(500)
    const { max: idleMs } = idle()
    const loop = watchLoop()
    const taken = meter()
    await ask(scheduler)
    const { cpuMicros } = taken()
    // A stall is known when the timer after it comes.
    await sleep(5)
    found.push({ verb, stallMs: loop().max, idleMs, cpuMicros })
  }
  await scheduler.shutdown()
  return found
}
