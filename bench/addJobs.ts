/** Adding jobs: in bulk beside bare better-sqlite3 inserting the same rows, and a thousand calls at once. */
import { copyFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { JobInput } from "carillon"
import { cron } from "carillon"
import { bareAdder, readAddedRows } from "./bareFile.ts"
import type { BenchSettings, Figure } from "./figure.ts"
import { atLeast, figure } from "./figure.ts"
import { schedulerOn, writeJobFile } from "./jobFile.ts"
import type { Taken } from "./meter.ts"
import { inDirectory, median, meter, perSecond, timed } from "./meter.ts"

const atOnce = 1000

/** Sixty different triggers, as many jobs share theirs in life. */
const input = (index: number): JobInput => ({
  id: `job-${index}`,
  task: "noop",
  args: { to: "ops", number: index },
  trigger: cron(`${index % 60} 9 * * MON-FRI`, { timezone: "UTC" })
})

export const measure = ({ scale, rounds }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const jobs = Math.round(50_000 * scale)
    const empty = join(directory, "empty.db")
    await writeJobFile(empty, 0, input)
    const copy = join(directory, "copy.db")
    const fresh = (): string => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(`${copy}${suffix}`, { force: true })
      copyFileSync(empty, copy)
      return copy
    }
    await addBulk(fresh(), jobs)
    const rows = readAddedRows(copy)
    const bulk: Array<Taken> = []
    const bare: Array<Taken> = []
    const calls: Array<Taken> = []
    for (let round = 0; round < rounds; round++) {
      bulk.push(await addBulk(fresh(), jobs))
      const adder = bareAdder(fresh(), rows)
      bare.push(await timed(async () => adder.run()))
      adder.close()
      calls.push(...(await addConcurrently(fresh())))
    }
    return [
      figure({
        name: "addJobs, in bulk",
        unit: "jobs/s",
        value: median(bulk.map(({ ms }) => perSecond(jobs, ms))),
        target: atLeast(60_000),
        beside: {
          name: `bare rows, ${rows.perCommit} a commit`,
          value: median(bare.map(({ ms }) => perSecond(jobs, ms))),
          cpuMicros: median(bare.map(({ cpuMicros }) => cpuMicros / jobs))
        },
        cpuMicros: median(bulk.map(({ cpuMicros }) => cpuMicros / jobs))
      }),
      figure({
        name: `addJob, ${atOnce.toLocaleString("en")} calls at once, awaited`,
        unit: "jobs/s",
        value: median(calls.map(({ ms }) => perSecond(atOnce, ms))),
        target: atLeast(20_000),
        cpuMicros: median(calls.map(({ cpuMicros }) => cpuMicros / atOnce))
      })
    ]
  })

const addBulk = async (filename: string, jobs: number): Promise<Taken> => {
  const scheduler = schedulerOn({ filename })
  await scheduler.start()
  const inputs = Array.from({ length: jobs }, (_, index) => input(index))
  const taken = meter()
  await scheduler.addJobs(inputs)
  const result = taken()
  await scheduler.shutdown()
  return result
}

/** Ten times a thousand calls, each thousand measured. */
const addConcurrently = async (filename: string): Promise<ReadonlyArray<Taken>> => {
  const scheduler = schedulerOn({ filename })
  await scheduler.start()
  const results: Array<Taken> = []
  for (let call = 0; call < 10; call++) {
    const inputs = Array.from({ length: atOnce }, (_, index) => input(call * atOnce + index))
    results.push(await timed(() => Promise.all(inputs.map((each) => scheduler.addJob(each)))))
  }
  await scheduler.shutdown()
  return results
}
