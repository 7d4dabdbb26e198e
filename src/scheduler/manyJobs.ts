/** Verbs for many jobs at once: what has gone, or is so already, is passed over, and what was done is counted. */
import { Effect } from "effect"
import type { Engine } from "../engine/engine.ts"
import type { Job } from "../engine/job/jobCodec.ts"
import { pause, removeById, resume } from "../engine/writer/jobEdits.ts"
import type { JobSelection } from "../engine/query/queries.ts"
import { jobFilter, jobQueryFields } from "../engine/query/queries.ts"
import type { UnitOfWork } from "../engine/writer/unitOfWork.ts"
import { checkKnownOptions } from "../engine/query/queryOptions.ts"
import { UnknownNameError } from "../engine/schedulerError.ts"
import type { StoreWriter } from "../engine/writer/storeWriter.ts"
import { submit } from "../engine/jobWrites.ts"
import type { JobRow } from "../store/jobStore.ts"
import { withTurns } from "../store/sliceTurn.ts"
import { UnknownTaskError } from "../task/taskRegistry.ts"
import { FaultyTriggerError } from "../trigger/checkedTrigger.ts"

/** Jobs that share a commit. */
const jobsPerIntent = 256

export const pauseMany = (engine: Engine, selection: JobSelection): Promise<number> =>
  forEach(engine, "pauseJobs", selection, ({ unit, job }) => {
    if (job === undefined || job.value === "paused" || job.value === "done") return false
    pause(unit, job)
    return true
  })

/** One whose fault has not gone stays parked. */
export const resumeMany = (
  engine: Engine,
  selection: JobSelection,
  missed: "skip" | "coalesce" | undefined
): Promise<number> =>
  forEach(engine, "resumeJobs", selection, ({ unit, job }) => {
    if (job === undefined || job.value !== "paused") return false
    try {
      resume(unit, job, missed, engine.environment)
      return true
    } catch (error) {
      if (!stillFaulty.some((fault) => error instanceof fault)) throw error
      return false
    }
  })

/** What `resume` is refused with before it has changed anything. */
const stillFaulty = [UnknownTaskError, UnknownNameError, FaultyTriggerError]

export const removeMany = (
  engine: Engine,
  selection: JobSelection,
  verb: "removeJobs" | "removeAllJobs" = "removeJobs"
): Promise<number> =>
  forEach(engine, verb, selection, ({ unit, row, job }) => {
    if (job === undefined && unit.unreadableKeys.get(row.id) !== row.key) return false
    removeById(unit, row.id)
    return true
  })

/** A job that was selected. `job`: as it is by now; `undefined`: it has gone, or cannot be read. */
interface Selected {
  readonly unit: UnitOfWork
  readonly row: JobRow
  readonly job: Job | undefined
}

/**
 * Walks the selected jobs by key, in commits of a bounded size, with a turn of the event loop between them: timers, sockets, what is due
 * and other commands come in between. How many `change` has changed. Jobs that are added meanwhile are left alone, or the walk might
 * never end; a stop meanwhile ends it with `SchedulerStoppedError`.
 */
const forEach = async (
  engine: Engine,
  verb: string,
  selection: JobSelection,
  change: (selected: Selected) => boolean
): Promise<number> => {
  checkKnownOptions(verb, selection, jobQueryFields)
  engine.mustRun(verb)
  const { store } = selection
  const writers = store === undefined ? engine.writers : [engine.writer(store, verb)]
  let changed = 0
  for (const writer of writers) {
    const filter = { ...jobFilter(selection), byWake: false, limit: jobsPerIntent }
    let throughKey = Infinity
    for (let afterKey = 0; afterKey < throughKey;) {
      const rows = await engine.read(
        verb,
        withTurns(
          writer.store.reads.jobs({ ...filter, afterKey }),
          Effect.promise(() => turn(engine))
        )
      )
      if (throughKey === Infinity) throughKey = writer.lastJobKey
      const last = rows.at(-1)
      if (last === undefined) break
      const there = last.key <= throughKey ? rows : rows.filter(({ key }) => key <= throughKey)
      changed += await changeAll(engine, writer, there, change)
      afterKey = last.key
      await turn(engine)
      engine.mustRun(verb)
    }
  }
  return changed
}

const turn = (engine: Engine): Promise<void> => new Promise((resolve) => engine.timers.after(0, resolve))

const changeAll = (
  engine: Engine,
  writer: StoreWriter,
  rows: ReadonlyArray<JobRow>,
  change: (selected: Selected) => boolean
): Promise<number> =>
  submit(engine, writer, { keys: rows.map(({ key }) => key) }, (unit) => {
    let changed = 0
    for (const row of rows) {
      const job = unit.byKey(row.key)
      if (change({ unit, row, job: job?.removedAt === null ? job : undefined })) changed += 1
    }
    return changed
  })
