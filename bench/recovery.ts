/**
 * Recovery: a million jobs, ten thousand of them running when the process is killed. How long the next start takes until every
 * interrupted run is accounted for, until the first of them runs again, and until all have.
 */
import { join } from "node:path"
import { createScheduler, date, inProcess, interval, task } from "carillon"
import type { Scheduler, TaskContext } from "carillon"
import { sqlite } from "carillon/sqlite"
import type { BenchSettings, Figure } from "./figure.ts"
import { atMost, figure } from "./figure.ts"
import { inChild } from "./inChild.ts"
import { writeJobFile } from "./jobFile.ts"
import { inDirectory, meter } from "./meter.ts"

interface Crash {
  readonly filename: string
  readonly jobs: number
  /** Runs in flight. */
  readonly running: number
}

export const measure = ({ scale }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const module = import.meta.url
    const [jobs, running] = [Math.round(1_000_000 * scale), Math.round(10_000 * scale)]
    const input: Crash = { filename: join(directory, "jobs.db"), jobs, running }
    await inChild({ module, name: "build", input })
    const killed = await inChild({ module, name: "crash", input }).then(
      () => "it ended by itself",
      (error: unknown) => String(error)
    )
    if (!killed.includes("SIGKILL")) throw new Error(`the process was not killed: ${killed}`)
    const { classifiedMs, firstMs, allMs } = await inChild<Recovery>({ module, name: "recover", input })
    const name = `${running.toLocaleString("en")} runs in flight among ${jobs.toLocaleString("en")} jobs`
    const ms = (what: string, value: number, most?: number): Figure =>
      figure({ name: `${name}: ${what}`, unit: "ms", value, ...(most === undefined ? {} : { target: atMost(most) }) })
    return [
      ms("every orphan accounted for", classifiedMs, 5000),
      ms("the first runs again", firstMs, 5000),
      ms("all have run again", allMs)
    ]
  })

export const build = ({ filename, jobs, running }: Crash): Promise<void> => {
  const due = date(Date.now())
  const tomorrow = Math.ceil(Date.now() / 86_400_000) * 86_400_000 + 86_400_000
  const sleeping = interval("1 day", { start: tomorrow })
  return writeJobFile(filename, jobs, (index) => ({
    id: `job-${index}`,
    task: "noop",
    args: { to: "ops", number: index },
    trigger: index < running ? due : sleeping
  }))
}

const schedulerFor = ({ filename, running }: Crash, run: (context: TaskContext) => unknown): Scheduler =>
  createScheduler({
    tasks: [task("noop", run)],
    store: sqlite({ filename }),
    executors: { default: inProcess({ concurrency: running }) },
    timezone: "UTC"
  })

/** Kills its process once every due job runs. */
export const crash = async (given: Crash): Promise<void> => {
  let started = 0
  const scheduler = schedulerFor(given, () => {
    started += 1
    if (started === given.running) process.kill(process.pid, "SIGKILL")
    return new Promise(() => undefined)
  })
  await scheduler.start()
  await new Promise(() => undefined)
}

interface Recovery {
  readonly classifiedMs: number
  readonly firstMs: number
  readonly allMs: number
}

export const recover = async (given: Crash): Promise<Recovery> => {
  const [interrupted, ran] = [new Set<string>(), new Set<string>()]
  const recovery = { classifiedMs: NaN, firstMs: NaN, allMs: NaN }
  const taken = meter()
  let allRan = (): void => undefined
  const ended = new Promise<void>((resolve) => (allRan = resolve))
  const scheduler = schedulerFor(given, ({ jobId }) => {
    if (ran.size === 0) recovery.firstMs = taken().ms
    ran.add(jobId)
  })
  scheduler.on("RunInterrupted", ({ runId }) => {
    interrupted.add(runId)
    if (interrupted.size === given.running) recovery.classifiedMs = taken().ms
  })
  scheduler.on("RunSucceeded", () => {
    if (ran.size < given.running || Number.isFinite(recovery.allMs)) return
    recovery.allMs = taken().ms
    allRan()
  })
  await scheduler.start()
  await ended
  const live = await scheduler.getRuns({ live: true, limit: given.running })
  await scheduler.shutdown()
  if (interrupted.size !== given.running || ran.size !== given.running)
    throw new Error(`${interrupted.size} were interrupted, ${ran.size} ran again, ${live.length} still run`)
  return recovery
}
