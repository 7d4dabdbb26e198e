/** Jobs parked because code or an executor of theirs was not there: they go on when it is, and what they owe is made up by their rules. */
import type { JobFault } from "../job/snapshot.ts"
import type { JobRow } from "../store/jobStore.ts"
import { FaultyTriggerError } from "../trigger/honest.ts"
import type { Job } from "./jobCodec.ts"
import { resume } from "./jobCommands.ts"
import type { DefinitionSetting } from "./jobDefinition.ts"
import type { Intent } from "./intent.ts"
import type { Lane } from "./laneHost.ts"
import { runStore } from "./storePromise.ts"

/** Jobs that share a commit. */
const jobsPerIntent = 256

type Registered = Pick<DefinitionSetting, "tasks" | "knowsExecutor">

/** Resumes those of one store whose task or executor is registered; of one task alone where it is named. */
export const resumeParked = async (
  lane: Lane,
  registered: Registered,
  which: { readonly task?: string } = {}
): Promise<void> => {
  // Along the index of paused jobs: almost always there is none.
  const [any] = await runStore(lane.store.jobs({ ...which, states: ["paused"], fault: true, limit: 1 }))
  if (any === undefined) return
  for (let afterKey = 0; ;) {
    const filter = { ...which, states: ["paused"], fault: true, byWake: false, afterKey, limit: jobsPerIntent } as const
    const rows = await runStore(lane.store.jobs(filter))
    const last = rows.at(-1)
    if (last === undefined) return
    await new Promise<void>((resolve, reject) => lane.submit(resuming(rows, registered, resolve, reject)))
    afterKey = last.key
  }
}

const resuming = (
  rows: ReadonlyArray<JobRow>,
  registered: Registered,
  done: () => void,
  failed: (error: unknown) => void
): Intent => ({
  keys: rows.map(({ key }) => key),
  weight: rows.length,
  apply: (plan) => {
    for (const { key } of rows) {
      const job = plan.byKey(key)
      if (job !== undefined && isBack(job, registered))
        passingOver(() => void resume(plan, job, "coalesce", registered))
    }
  },
  committed: done,
  failed
})

const isBack = ({ row, memory: { fault } }: Job, { tasks, knowsExecutor }: Registered): boolean =>
  fault !== null && parkedFor.includes(fault.kind) && tasks.find(row.task) !== undefined && knowsExecutor(row.executor)

const parkedFor: ReadonlyArray<JobFault["kind"]> = ["unknownTask", "unknownExecutor"]

/** One whose trigger fails stays parked, and keeps no other from going on. */
const passingOver = (change: () => void): void => {
  try {
    change()
  } catch (error) {
    if (!(error instanceof FaultyTriggerError)) throw error
  }
}
