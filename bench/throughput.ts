/**
 * Durable throughput: 50,000 jobs due at once, a task that does nothing, SQLite on disk synced at each commit, the claim
 * committed before the start and the outcome before it is told, at most 1,024 runs in flight. Beside it, in alternating
 * rounds, bare better-sqlite3 writing the same rows.
 */
import { copyFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { JobInput, Trigger } from "carillon"
import { cron, date } from "carillon"
import type { ServedRows } from "./bareFile.ts"
import { bareServer, readServedRows } from "./bareFile.ts"
import type { BenchSettings, Figure } from "./figure.ts"
import { atLeast, figure } from "./figure.ts"
import { schedulerOn, writeJobFile } from "./jobFile.ts"
import type { Taken } from "./meter.ts"
import { inDirectory, median, meter, perSecond, sleep } from "./meter.ts"

/** A job that sleeps: its pause is committed after all outcomes, so it tells when they are on disk. */
const marker: JobInput = { id: "marker", task: "noop", trigger: date("2100-01-01T00:00:00Z") }

export const measure = ({ scale, rounds }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const jobs = Math.round(50_000 * scale)
    const cronAt = Math.ceil(Date.now() / 1000 + 5 + 25 * scale) * 1000
    const recurring = join(directory, "recurring.db")
    await writeDue(recurring, jobs, onceADay(cronAt))
    const once = join(directory, "once.db")
    await writeDue(once, jobs, date(Date.now()))
    const onceRounds = await alternate(once, jobs, rounds)
    await sleep(cronAt + 10 - Date.now())
    const cronRounds = await alternate(recurring, jobs, rounds)
    return [
      rate("throughput, one-shot jobs", onceRounds, jobs),
      rate("throughput, cron jobs", cronRounds, jobs),
      figure({
        name: "throughput, cron jobs, a listener of every outcome",
        unit: "runs/s",
        value: median(cronRounds.observed.map(({ ms }) => perSecond(jobs, ms))),
        cpuMicros: median(cronRounds.observed.map(({ cpuMicros }) => cpuMicros / jobs))
      })
    ]
  })

const rate = (name: string, { engine, bare, perCommit }: Rounds, jobs: number): Figure =>
  figure({
    name,
    unit: "runs/s",
    value: median(engine.map(({ ms }) => perSecond(jobs, ms))),
    target: atLeast(40_000),
    beside: {
      name: `bare rows, ${perCommit} a commit`,
      value: median(bare.map(({ ms }) => perSecond(jobs, ms))),
      cpuMicros: median(bare.map(({ cpuMicros }) => cpuMicros / jobs))
    },
    cpuMicros: median(engine.map(({ cpuMicros }) => cpuMicros / jobs))
  })

const onceADay = (at: number): Trigger => {
  const time = new Date(at)
  return cron(`${time.getUTCSeconds()} ${time.getUTCMinutes()} ${time.getUTCHours()} * * *`, { timezone: "UTC" })
}

const writeDue = (filename: string, jobs: number, trigger: Trigger): Promise<void> =>
  writeJobFile(filename, jobs + 1, (index) =>
    index === jobs ? marker : { id: `job-${index}`, task: "noop", args: { to: "ops" }, trigger }
  )

interface Rounds {
  readonly engine: ReadonlyArray<Taken>
  readonly observed: ReadonlyArray<Taken>
  readonly bare: ReadonlyArray<Taken>
  readonly perCommit: number
}

/** Each round starts from a copy of the same file. The first, unmeasured, warms up and gives the rows for the bare driver. */
const alternate = async (template: string, jobs: number, rounds: number): Promise<Rounds> => {
  const copy = `${template}.copy`
  const fresh = (): string => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${copy}${suffix}`, { force: true })
    copyFileSync(template, copy)
    return copy
  }
  await serve(fresh(), jobs, false)
  const rows = readServedRows(copy)
  const engine: Array<Taken> = []
  const observed: Array<Taken> = []
  const bare: Array<Taken> = []
  for (let round = 0; round < rounds; round++) {
    engine.push(await serve(fresh(), jobs, false))
    bare.push(serveBare(fresh(), rows))
    observed.push(await serve(fresh(), jobs, true))
  }
  return { engine, observed, bare, perCommit: rows.perCommit }
}

/** From `resume` to the last outcome on disk. */
const serve = async (filename: string, jobs: number, listening: boolean): Promise<Taken> => {
  let ran = 0
  let told = 0
  let allRan = (): void => undefined
  const done = new Promise<void>((resolve) => (allRan = resolve))
  const scheduler = schedulerOn({
    filename,
    onRun: () => {
      ran += 1
      if (ran === jobs) allRan()
    }
  })
  await scheduler.start({ paused: true })
  if (listening) scheduler.on("RunSucceeded", () => (told += 1))
  const taken = meter()
  scheduler.resume()
  await done
  await scheduler.pauseJob(marker.id ?? "")
  const result = taken()
  if (listening && told !== jobs) throw new Error(`${told} of ${jobs} outcomes were told`)
  const { length } = await scheduler.getRuns({ outcome: "succeeded", limit: jobs + 1 })
  if (length !== jobs || ran !== jobs) throw new Error(`${ran} of ${jobs} jobs ran, ${length} outcomes are on disk`)
  await scheduler.shutdown()
  return result
}

const serveBare = (filename: string, rows: ServedRows): Taken => {
  const bare = bareServer(filename, rows)
  const taken = meter()
  bare.run()
  const result = taken()
  bare.close()
  return result
}
