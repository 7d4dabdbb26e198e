/** At start: attempts that the last owner left unfinished are interrupted, and follow their job's `onInterrupted`. */
import { nextAfterRun } from "../../job/dueFireTimes.ts"
import type { JobRow, OpenStore, RunRow } from "../../store/jobStore.ts"
import { stopMark, stopMarkOf } from "../../store/stopMark.ts"
import type { Intent } from "./intent.ts"
import type { UnitOfWork } from "./unitOfWork.ts"
import { isSuspect } from "./suspects.ts"

/** Orphans read at a time, and jobs under a wrong executor. */
export const orphansPerPage = 1000
export const hiddenPerCommit = 500
/** Runs in one commit, unless one job has more. */
const orphansPerCommit = 500

type Orphans = ReadonlyMap<number, ReadonlyArray<RunRow>>

/** Orphans by job, in commits of a bounded size. All of a job are in one: together they are one crash of it. */
export function* byJobs(orphans: ReadonlyArray<RunRow>): Iterable<Orphans> {
  const byJob = new Map<number, Array<RunRow>>()
  for (const run of orphans) {
    const known = byJob.get(run.jobKey)
    if (known === undefined) byJob.set(run.jobKey, [run])
    else known.push(run)
  }
  let slice = new Map<number, ReadonlyArray<RunRow>>()
  let size = 0
  for (const [key, runs] of byJob) {
    slice.set(key, runs)
    size += runs.length
    if (size < orphansPerCommit) continue
    yield slice
    slice = new Map()
    size = 0
  }
  if (size > 0) yield slice
}

/** Notes that the owner was asked to stop. Without it the next start counts what is cut off as a crash. */
export const noteStop = ({ epoch }: Pick<OpenStore, "epoch">): Intent => ({
  weight: 1,
  apply: (unit) => unit.mark(stopMark, stopMarkOf(epoch)),
  committed: () => undefined,
  failed: () => undefined
})

/** The runs that it spoke of are settled. */
export const forgetStop = (done: () => void, failed: (error: unknown) => void): Intent => ({
  weight: 1,
  apply: (unit) => unit.mark(stopMark, null),
  committed: done,
  failed
})

/** How the owner of orphans ended: as it was told, or by a crash, which of several `suspects` may be the cause of. */
export type Ending = "stop" | "crash" | "sharedCrash"

/**
 * Interrupts orphans, job by job. A run that its job does not know of is closed by itself. Given `suspects`, jobs that the crash would
 * park are left out, and put there.
 */
export const interruptOrphans = (
  orphans: Orphans,
  ending: Ending,
  suspects: Map<number, ReadonlyArray<RunRow>> | null,
  done: () => void,
  failed: (error: unknown) => void
): Intent => ({
  keys: [...orphans.keys()],
  weight: orphans.size,
  apply: (unit) => {
    for (const [key, runs] of orphans) interrupt(unit, key, runs, ending, suspects)
  },
  committed: done,
  failed
})

/** Jobs that the store has under another executor's name: written anew, they wait under their own. */
export const underOwnExecutor = (
  rows: ReadonlyArray<JobRow>,
  done: () => void,
  failed: (error: unknown) => void
): Intent => ({
  keys: rows.map(({ key }) => key),
  weight: rows.length,
  apply: (unit) => {
    for (const { key } of rows) {
      const job = unit.byKey(key)
      if (job !== undefined) unit.touch(job)
    }
  },
  committed: done,
  failed
})

const interrupt = (
  unit: UnitOfWork,
  key: number,
  runs: ReadonlyArray<RunRow>,
  ending: Ending,
  suspects: Map<number, ReadonlyArray<RunRow>> | null
): void => {
  const job = unit.byKey(key)
  const live = new Map((job?.memory.live ?? []).map((run) => [run.runKey, run]))
  const executing: Array<number> = []
  for (const run of runs) {
    const known = live.get(run.runKey)
    if (known === undefined) unit.consequences.closeOrphan(run)
    // One that waits for its next attempt was not interrupted: its due time is in the snapshot.
    else if (known.retryAt === null) executing.push(run.runKey)
  }
  if (job === undefined || executing.length === 0) return
  if (suspects !== null && ending !== "stop" && isSuspect(job)) {
    suspects.set(
      key,
      runs.filter(({ runKey }) => executing.includes(runKey))
    )
    return
  }
  unit.step(job, {
    type: "interrupted",
    now: unit.now,
    firstRunKey: unit.nextRunKey,
    held: !unit.environment.claiming,
    runKeys: executing,
    crash: ending !== "stop",
    shared: ending === "sharedCrash",
    next: nextAfterRun(job.trigger, unit.now, unit.now)
  })
}
