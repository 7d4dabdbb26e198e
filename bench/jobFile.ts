/** Files of jobs for the benches, written through a scheduler, and schedulers on them. */
import type { JobInput, Scheduler, TaskContext } from "carillon"
import { createScheduler, inProcess, task } from "carillon"
import { sqlite } from "carillon/sqlite"

/** Jobs given to one `addJobs`: all of one call are checked, and so held, before the first is written. */
const jobsPerCall = 20_000

export interface FileSettings {
  readonly filename: string
  /** Called at the start of each run; a task that does nothing else. */
  readonly onRun?: (context: TaskContext) => void
}

/** A scheduler on a file, synced to disk at each commit, at most 1,024 runs in flight. Its one task is called `noop`. */
export const schedulerOn = ({ filename, onRun = () => undefined }: FileSettings): Scheduler =>
  createScheduler({
    tasks: [task("noop", onRun)],
    store: sqlite({ filename, durability: "full" }),
    executors: { default: inProcess({ concurrency: 100, queue: 924 }) },
    timezone: "UTC"
  })

/** Adds `count` jobs to a scheduler. */
export const addMany = async (
  scheduler: Scheduler,
  count: number,
  inputOf: (index: number) => JobInput
): Promise<void> => {
  for (let from = 0; from < count; from += jobsPerCall) {
    const length = Math.min(jobsPerCall, count - from)
    await scheduler.addJobs(Array.from({ length }, (_, index) => inputOf(from + index)))
  }
}

/** Writes a file of jobs that no scheduler holds any more. Nothing in it has run. */
export const writeJobFile = async (
  filename: string,
  count: number,
  inputOf: (index: number) => JobInput
): Promise<void> => {
  const scheduler = schedulerOn({ filename })
  await scheduler.start({ paused: true })
  await addMany(scheduler, count, inputOf)
  await scheduler.shutdown()
}
