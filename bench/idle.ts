/** A scheduler with 100,000 sleeping jobs, looked at for more than a minute: its CPU time and whether it writes. */
import { statSync } from "node:fs"
import { join } from "node:path"
import { cron } from "carillon"
import type { BenchSettings, Figure } from "./figure.ts"
import { atMost, figure } from "./figure.ts"
import { inChild } from "./inChild.ts"
import { schedulerOn, writeJobFile } from "./jobFile.ts"
import { inDirectory, meter, sleep } from "./meter.ts"

interface SleepingFile {
  readonly filename: string
  readonly jobs: number
  readonly seconds: number
}

export const measure = ({ scale, idleSeconds }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const module = import.meta.url
    const jobs = Math.round(100_000 * scale)
    const input: SleepingFile = { filename: join(directory, "sleeping.db"), jobs, seconds: idleSeconds }
    await inChild({ module, name: "build", input })
    const { cpuPercent, barePercent, writes } = await inChild<Idle>({ module, name: "lookOn", input })
    const name = `idle with ${jobs.toLocaleString("en")} jobs, ${idleSeconds} s`
    return [
      figure({
        name: `${name}: CPU`,
        unit: "% of a core",
        value: cpuPercent,
        target: atMost(0.1),
        beside: { name: "an empty Node process", value: barePercent }
      }),
      figure({ name: `${name}: files written`, unit: "files", value: writes, target: atMost(0) })
    ]
  })

export const build = ({ filename, jobs }: SleepingFile): Promise<void> => {
  // The 29th of February: nothing comes due while it is looked at, unless that is the day.
  const triggers = Array.from({ length: 60 }, (_, minute) => cron(`${minute} 0 29 2 *`, { timezone: "UTC" }))
  return writeJobFile(filename, jobs, (index) => {
    const trigger = triggers[index % 60]
    return { id: `job-${index}`, task: "noop", ...(trigger === undefined ? {} : { trigger }) }
  })
}

interface Idle {
  readonly cpuPercent: number
  readonly barePercent: number
  readonly writes: number
}

export const lookOn = async ({ filename, seconds }: SleepingFile): Promise<Idle> => {
  // What Node itself takes, before anything of the scheduler runs.
  await sleep(3000)
  const bare = await shareOf(Math.min(10, seconds))
  const scheduler = schedulerOn({ filename })
  await scheduler.start()
  await sleep(3000)
  const before = filesOf(filename)
  const cpuPercent = await shareOf(seconds)
  const after = filesOf(filename)
  await scheduler.shutdown()
  return { cpuPercent, barePercent: bare, writes: after.filter((file, index) => file !== before[index]).length }
}

const shareOf = async (seconds: number): Promise<number> => {
  const taken = meter()
  await sleep(seconds * 1000)
  const { ms, cpuMicros } = taken()
  return cpuMicros / ms / 10
}

/** Size and time of each of the store's files. */
const filesOf = (filename: string): ReadonlyArray<string> =>
  ["", "-wal"].map((suffix) => {
    const { size, mtimeMs } = statSync(`${filename}${suffix}`)
    return `${size} ${mtimeMs}`
  })
