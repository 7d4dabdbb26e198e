/** A job as its machine's snapshot, made of what is stored. A copy: whoever has it may write in it. */
import type { Snapshot, SnapshotFrom } from "xstate"
import { jobMachine } from "../../../machines/jobMachine.ts"
import type { JobContext } from "../../job/jobEvent.ts"
import { noAnswer } from "../../job/jobEvent.ts"
import type { Outcome } from "../../job/run.ts"
import type { JobState } from "../../job/snapshot.ts"
import type { Job } from "./jobCodec.ts"

/** What a job shows: its state as `value`, its rules and memory in `context`. */
export type JobSnapshot = SnapshotFrom<typeof jobMachine>

/** A job in XState's persisted form: plain JSON that `createActor(jobMachine, { snapshot, input: snapshot.context })` goes on from. */
export type PersistedJob = Snapshot<Outcome | null> & {
  /** What the job is. */
  readonly value: JobState
  /** Its id, rules and memory. */
  readonly context: JobContext
}

export const snapshotOf = ({ row, value, ...job }: Job): JobSnapshot => {
  const { rules, memory } = structuredClone({ rules: job.rules, memory: job.memory })
  const context: JobContext = { jobId: row.id, rules, memory, answer: noAnswer }
  return jobMachine.resolveState({ value, context, ...(value === "done" ? { output: memory.lastOutcome } : {}) })
}

export const persistedJob = (job: Job): PersistedJob => jobMachine.getPersistedSnapshot(snapshotOf(job)) as PersistedJob
