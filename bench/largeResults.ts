/**
 * Two hundred jobs that are due at once, each with a result of 900 kB, of tasks that are plain functions and of async ones: the longest
 * time that the event loop stood still, and the memory that it took. Beside the stall, that of the same tasks' own work, called one a
 * turn with no scheduler.
 */
import { join } from "node:path"
import { createScheduler, date, task } from "carillon"
import { sqlite } from "carillon/sqlite"
import type { BenchSettings, Figure } from "./figure.ts"
import { atMost, figure } from "./figure.ts"
import { inChild } from "./inChild.ts"
import { inDirectory, meter, sleep, watchLoop } from "./meter.ts"

interface Large {
  readonly filename: string
  readonly jobs: number
  readonly kind: "plain" | "async"
}

export const measure = ({ scale }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const jobs = Math.ceil(200 * scale)
    const figures: Array<Figure> = []
    for (const kind of ["plain", "async"] as const) {
      const input: Large = { filename: join(directory, `${kind}.db`), jobs, kind }
      const { stallMs, cpuMs, rssMb, alone } = await inChild<Served>({ module: import.meta.url, name: "serve", input })
      const name = `${jobs} results of 900 kB, ${kind} tasks`
      figures.push(
        figure({
          name: `${name}: longest stall`,
          unit: "ms",
          value: stallMs,
          target: atMost(50),
          beside: { name: "the tasks alone", value: alone },
          cpuMicros: (cpuMs * 1000) / jobs
        }),
        figure({ name: `${name}: memory`, unit: "MB", value: rssMb, target: atMost(300) })
      )
    }
    return figures
  })

interface Served {
  readonly stallMs: number
  readonly cpuMs: number
  readonly rssMb: number
  readonly alone: number
}

const text = (): string => "x".repeat(900_000)

export const serve = async ({ filename, jobs, kind }: Large): Promise<Served> => {
  const idle = watchLoop()
  for (let job = 0; job < jobs; job++) {
    text()
    await sleep(0)
  }
  const alone = idle().max
  let ran = 0
  const large = task("large", kind === "plain" ? () => (ran++, text()) : async () => (await sleep(1), ran++, text()))
  const scheduler = createScheduler({ tasks: [large], store: sqlite({ filename }) })
  await scheduler.start({ paused: true })
  await scheduler.addJobs(
    Array.from({ length: jobs }, (_, index) => ({ id: `job-${index}`, task: "large", trigger: date(Date.now() - 1) }))
  )
  await sleep(100)
  const loop = watchLoop()
  const taken = meter()
  let rss = 0
  const looking = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), 5)
  scheduler.resume()
  for (
    let left = jobs;
    left > 0;
    left = (await scheduler.getJobs({ state: ["scheduled", "running"], limit: 1 })).length
  )
    await sleep(50)
  const { max } = loop()
  clearInterval(looking)
  const { cpuMicros } = taken()
  if (ran !== jobs) throw new Error(`${ran} of ${jobs} ran`)
  await scheduler.shutdown()
  return { stallMs: max, cpuMs: cpuMicros / 1000, rssMb: Math.max(rss, process.memoryUsage.rss()) / 1e6, alone }
}
