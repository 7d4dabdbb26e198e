/**
 * How late jobs start under a steady load: 100,000 recurring jobs, spread evenly so that 100, 1,000 and 10,000 fire each
 * second, ten seconds each. Lateness is the task's first instant less its fire time; never below zero.
 */
import { join } from "node:path"
import { interval } from "carillon"
import { bareCommits } from "./bareFile.ts"
import type { BenchSettings, Figure } from "./figure.ts"
import { atMost, figure } from "./figure.ts"
import { inChild } from "./inChild.ts"
import { addMany, schedulerOn } from "./jobFile.ts"
import type { LoopDelay } from "./meter.ts"
import { fineClock, inDirectory, meter, quantile, sleep, watchLoop } from "./meter.ts"

interface Load {
  readonly filename: string
  readonly jobs: number
  readonly perSecond: number
  readonly seconds: number
}

const lateness = { 100: [2, 10], 1000: [2, 10], 10_000: [undefined, 20] } as const

export const measure = ({ scale }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const figures: Array<Figure> = []
    for (const perSecond of [100, 1000, 10_000] as const) {
      const filename = join(directory, `${perSecond}.db`)
      const input: Load = {
        filename,
        jobs: Math.round(100_000 * scale),
        perSecond,
        seconds: Math.min(10, (100_000 * scale) / perSecond)
      }
      const steady = await inChild<Steady>({ module: import.meta.url, name: "steadily", input })
      // At the lowest load each fire has a commit of its own, and waits for the disk to sync it.
      const bare = perSecond === 100 ? await bareCommits(filename, 1000 / perSecond, 300) : []
      figures.push(...figuresOf(perSecond, steady, bare))
    }
    return figures
  })

const figuresOf = (load: keyof typeof lateness, steady: Steady, bare: ReadonlyArray<number>): ReadonlyArray<Figure> => {
  const [p50, p99] = lateness[load]
  const name = `${load.toLocaleString("en")} fires/s`
  const late = (what: string, value: number, most?: number): Figure =>
    figure({
      name: `${name}: lateness ${what}`,
      unit: "ms",
      value,
      ...(most === undefined ? {} : { target: atMost(most) })
    })
  const besideBare = (share: number): Pick<Figure, "beside"> =>
    bare.length === 0 ? {} : { beside: { name: "a bare synced commit", value: quantile(bare, share) } }
  return [
    { ...late("p50", steady.p50, p50), cpuMicros: steady.cpuMicros, ...besideBare(0.5) },
    { ...late("p99", steady.p99, p99), ...besideBare(0.99) },
    late("max", steady.max),
    figure({ name: `${name}: early fires`, unit: "fires", value: steady.early, target: atMost(0) }),
    figure({ name: `${name}: fires missing half a second after the end`, unit: "fires", value: steady.missing }),
    figure({ name: `${name}: CPU`, unit: "% of a core", value: steady.cpuPercent }),
    figure({ name: `${name}: event-loop delay p99`, unit: "ms", value: steady.loop.p99 })
  ]
}

interface Steady {
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Fires before their time. */
  readonly early: number
  /** Fire times that were not served half a second after the last: the load is more than the machine carries. */
  readonly missing: number
  readonly cpuMicros: number
  readonly cpuPercent: number
  readonly loop: LoopDelay
}

export const steadily = async ({ filename, jobs, perSecond, seconds }: Load): Promise<Steady> => {
  const expected = perSecond * seconds
  const late = new Float64Array(expected * 2)
  const clock = fineClock()
  let firstAt = Infinity
  let fires = 0
  let early = 0
  const scheduler = schedulerOn({
    filename,
    onRun: ({ fireAt }) => {
      if (Date.now() < fireAt) early += 1
      if (fireAt < firstAt || fireAt >= firstAt + seconds * 1000) return
      late[fires++] = Math.max(0, clock() - fireAt)
    }
  })
  await scheduler.start()
  // Long enough for adding them; each fires first one share of the period after the one before.
  const startAt = Date.now() + 3000 + jobs / 5
  const periodMs = (jobs / perSecond) * 1000
  await addMany(scheduler, jobs, (index) => ({
    id: `job-${index}`,
    task: "noop",
    trigger: interval(periodMs, { start: startAt + Math.floor((index * 1000) / perSecond) })
  }))
  if (Date.now() > startAt) throw new Error(`adding ${jobs} jobs took ${Date.now() - startAt} ms too long`)
  // The first second is not counted: the code is still being compiled.
  firstAt = startAt + 1000
  await sleep(firstAt - Date.now())
  const loop = watchLoop()
  const taken = meter()
  await sleep(firstAt + seconds * 1000 - Date.now())
  const { ms, cpuMicros } = taken()
  const delay = loop()
  await sleep(500)
  await scheduler.shutdown({ wait: false })
  const measured = late.subarray(0, fires)
  return {
    p50: quantile(measured, 0.5),
    p99: quantile(measured, 0.99),
    max: quantile(measured, 1),
    early,
    missing: expected - fires,
    cpuMicros: cpuMicros / fires,
    cpuPercent: cpuMicros / ms / 10,
    loop: delay
  }
}
