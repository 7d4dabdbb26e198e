/**
 * A million jobs in SQLite: memory of the process after start and while it fires, start to first fire, and what one wake
 * costs beside 10,000, 100,000 and 1,000,000 sleeping jobs.
 */
import { join } from "node:path"
import { memoryUsage } from "node:process"
import { date, interval } from "carillon"
import type { BenchSettings, Figure } from "./figure.ts"
import { atLeast, atMost, figure } from "./figure.ts"
import { inChild } from "./inChild.ts"
import { schedulerOn, writeJobFile } from "./jobFile.ts"
import { fineClock, inDirectory, median, meter, perSecond, quantile, sleep, timed } from "./meter.ts"

interface SizedFile {
  readonly filename: string
  readonly jobs: number
}

/** Due when the file is opened; the others sleep. */
const dueAtStart = 10_000

export const measure = ({ scale }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const module = import.meta.url
    const figures: Array<Figure> = []
    for (const size of [10_000, 100_000, 1_000_000]) {
      const jobs = Math.round(size * scale)
      const input: SizedFile = { filename: join(directory, `${jobs}.db`), jobs }
      const name = jobs.toLocaleString("en")
      const built = await inChild<number>({ module, name: "build", input })
      if (size === 1_000_000) {
        figures.push(
          figure({
            name: `adding ${name} jobs`,
            unit: "jobs/s",
            value: perSecond(jobs, built),
            target: atLeast(60_000)
          })
        )
        figures.push(...startFigures(name, await inChild<Start>({ module, name: "startUp", input })))
      }
      const { lateMs, cpuMicros } = await inChild<Wakes>({ module, name: "wake", input })
      figures.push(
        figure({ name: `a wake beside ${name} sleeping jobs: lateness p50`, unit: "ms", value: lateMs, cpuMicros })
      )
    }
    return figures
  })

const startFigures = (jobs: string, start: Start): ReadonlyArray<Figure> => [
  figure({ name: `${jobs} jobs: resident memory after start`, unit: "MB", value: start.idleMb, target: atMost(400) }),
  figure({
    name: `${jobs} jobs: resident memory while firing`,
    unit: "MB",
    value: start.firingMb,
    target: atMost(400)
  }),
  figure({ name: `${jobs} jobs: start to first fire`, unit: "ms", value: start.firstFireMs, target: atMost(3000) }),
  figure({ name: `${jobs} jobs: start`, unit: "ms", value: start.startMs })
]

/** Milliseconds that adding them took. */
export const build = async ({ filename, jobs }: SizedFile): Promise<number> => {
  const dueAt = date(Date.now())
  const tomorrow = Math.ceil(Date.now() / 86_400_000) * 86_400_000 + 86_400_000
  const sleeping = Array.from({ length: 60 }, (_, minute) => interval("1 day", { start: tomorrow + minute * 60_000 }))
  const { ms } = await timed(() =>
    writeJobFile(filename, jobs, (index) => ({
      id: `job-${index}`,
      task: "noop",
      args: { to: "ops", number: index },
      trigger: (index < dueAtStart && index < jobs / 2 ? dueAt : sleeping[index % 60]) ?? dueAt
    }))
  )
  return ms
}

interface Start {
  readonly startMs: number
  readonly firstFireMs: number
  readonly idleMb: number
  readonly firingMb: number
}

const residentMb = (): number => memoryUsage.rss() / 1e6

/** Starts paused to see the memory of an idle scheduler, then again to see the first fire. */
export const startUp = async ({ filename, jobs }: SizedFile): Promise<Start> => {
  const resting = schedulerOn({ filename })
  await resting.start({ paused: true })
  await sleep(500)
  const idleMb = residentMb()
  await resting.shutdown()

  const due = Math.min(dueAtStart, Math.floor(jobs / 2))
  let ran = 0
  let firstFireMs = NaN
  let firingMb = 0
  const taken = meter()
  const scheduler = schedulerOn({
    filename,
    onRun: () => {
      if (ran === 0) firstFireMs = taken().ms
      ran += 1
      if (ran % 500 === 0) firingMb = Math.max(firingMb, residentMb())
    }
  })
  await scheduler.start()
  const startMs = taken().ms
  for (let waited = 0; ran < due && waited < 60_000; waited += 20) {
    await sleep(20)
    firingMb = Math.max(firingMb, residentMb())
  }
  await scheduler.shutdown()
  if (ran < due) throw new Error(`${ran} of ${due} due jobs ran`)
  return { startMs, firstFireMs, idleMb, firingMb }
}

interface Wakes {
  readonly lateMs: number
  /** Of one wake: claim, run and outcome, two commits. */
  readonly cpuMicros: number
}

/** Fires that are far enough apart to be a wake each. */
export const wake = async ({ filename }: SizedFile): Promise<Wakes> => {
  const wakes = 300
  const apartMs = 10
  const clock = fineClock()
  const late: Array<number> = []
  let dueRan = 0
  const scheduler = schedulerOn({
    filename,
    onRun: ({ jobId, fireAt }) => {
      if (jobId.startsWith("wake-")) late.push(clock() - fireAt)
      else dueRan += 1
    }
  })
  await scheduler.start()
  // What was due at start is served first.
  for (let known = -1; known !== dueRan; await sleep(300)) known = dueRan
  const firstAt = Date.now() + 500
  await scheduler.addJobs(
    Array.from({ length: wakes }, (_, index) => ({
      id: `wake-${index}`,
      task: "noop",
      trigger: date(firstAt + index * apartMs)
    }))
  )
  await sleep(firstAt - 20 - Date.now())
  const taken = meter()
  await sleep(20 + wakes * apartMs)
  const { cpuMicros } = taken()
  await sleep(500)
  await scheduler.shutdown()
  if (late.length !== wakes) throw new Error(`${late.length} of ${wakes} jobs ran`)
  if (quantile(late, 0) < -1) throw new Error(`a job ran ${quantile(late, 0)} ms late: that is early`)
  return { lateMs: median(late), cpuMicros: cpuMicros / wakes }
}
