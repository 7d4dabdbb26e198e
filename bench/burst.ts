/**
 * A million jobs due in the same instant: how long the event loop is held up while they fire, and how soon a command is
 * answered meanwhile.
 */
import { join } from "node:path"
import { date } from "carillon"
import type { BenchSettings, Figure } from "./figure.ts"
import { atMost, figure } from "./figure.ts"
import { inChild } from "./inChild.ts"
import { schedulerOn, writeJobFile } from "./jobFile.ts"
import type { LoopDelay } from "./meter.ts"
import { inDirectory, median, meter, perSecond, quantile, sleep, watchLoop } from "./meter.ts"

interface DueFile {
  readonly filename: string
  readonly jobs: number
}

export const measure = ({ scale }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const module = import.meta.url
    const input: DueFile = { filename: join(directory, "due.db"), jobs: Math.round(1_000_000 * scale) }
    await inChild({ module, name: "build", input })
    const { loop, answers, fires, cpuMicros, residentMb } = await inChild<Burst>({ module, name: "fire", input })
    const name = `${input.jobs.toLocaleString("en")} jobs due at once`
    return [
      figure({ name: `${name}: event-loop delay p50`, unit: "ms", value: loop.p50 }),
      figure({ name: `${name}: event-loop delay p99`, unit: "ms", value: loop.p99, target: atMost(20) }),
      figure({ name: `${name}: event-loop delay max`, unit: "ms", value: loop.max }),
      figure({ name: `${name}: pauseJob answered, median`, unit: "ms", value: median(answers) }),
      figure({
        name: `${name}: pauseJob answered, slowest`,
        unit: "ms",
        value: quantile(answers, 1),
        target: atMost(50)
      }),
      figure({ name: `${name}: fires meanwhile`, unit: "runs/s", value: fires, cpuMicros }),
      figure({ name: `${name}: resident memory`, unit: "MB", value: residentMb })
    ]
  })

export const build = ({ filename, jobs }: DueFile): Promise<void> => {
  const trigger = date(Date.now())
  return writeJobFile(filename, jobs, (index) => ({ id: `job-${index}`, task: "noop", trigger }))
}

interface Burst {
  readonly loop: LoopDelay
  /** Milliseconds that each `pauseJob` took. */
  readonly answers: ReadonlyArray<number>
  readonly fires: number
  readonly cpuMicros: number
  readonly residentMb: number
}

/** The first ten seconds. Pauses jobs whose turn has not come. */
export const fire = async ({ filename, jobs }: DueFile): Promise<Burst> => {
  let ran = 0
  let allRan = (): void => undefined
  const done = new Promise<void>((resolve) => (allRan = resolve))
  const commands = Math.min(40, Math.floor(jobs / 10))
  const scheduler = schedulerOn({
    filename,
    onRun: () => {
      ran += 1
      if (ran === jobs - commands) allRan()
    }
  })
  await scheduler.start({ paused: true })
  const loop = watchLoop()
  const taken = meter()
  scheduler.resume()
  const answers: Array<number> = []
  const over = Promise.race([sleep(10_000), done])
  const asking = async (): Promise<void> => {
    for (let asked = 0; asked < commands && taken().ms < 9500; asked++) {
      await Promise.race([sleep(230), done])
      if (ran >= jobs - commands) return
      const start = performance.now()
      await scheduler.pauseJob(`job-${jobs - 1 - asked}`)
      answers.push(performance.now() - start)
    }
  }
  await Promise.all([over, asking()])
  const { ms, cpuMicros } = taken()
  const result = {
    loop: loop(),
    answers,
    fires: perSecond(ran, ms),
    cpuMicros: cpuMicros / ran,
    residentMb: process.memoryUsage.rss() / 1e6
  }
  await scheduler.shutdown({ wait: false })
  return result
}
