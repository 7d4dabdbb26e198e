/**
 * How far runs have come, on its way to the disk and back. A run's steps that follow each other faster than they are written are one: the
 * newest. Runs whose tasks save nothing are not looked at.
 */
import { Effect } from "effect"
import type { OpenStore } from "../../store/jobStore.ts"
import type { StoreError } from "../../store/storeError.ts"
import type { TaskRegistry } from "../../task/taskRegistry.ts"
import type { LiveRun } from "../../job/run.ts"
import type { DispatchedOrder } from "../dispatchedOrder.ts"
import type { Job } from "../job/jobCodec.ts"
import type { Intent } from "./intent.ts"
import { weightOf } from "./intent.ts"
import { acquittal } from "./suspects.ts"
import type { UnitOfWork } from "./unitOfWork.ts"

/** Those of one writer that are not on disk yet, one a run. */
export class PendingCheckpoints {
  private readonly pending = new Map<number, CheckpointIntent>()
  private readonly submit: (intent: Intent) => void
  private readonly submitFirst: (intent: Intent) => void

  /** `submitFirst`: before whatever else waits. */
  constructor(submit: (intent: Intent) => void, submitFirst: (intent: Intent) => void) {
    this.submit = submit
    this.submitFirst = submitFirst
  }

  /** `received`: the number of the newest message to the run that is part of it. */
  add({ runKey, jobKey }: DispatchedOrder, text: string, received: number): void {
    const waiting = this.pending.get(runKey)
    if (waiting !== undefined) {
      waiting.text = text
      waiting.received = received
      return
    }
    const intent: CheckpointIntent = new CheckpointIntent(runKey, jobKey, text, received, (newer) => {
      // Not behind the outcome of its attempt.
      if (newer) this.submitFirst(intent)
      else this.pending.delete(runKey)
    })
    this.pending.set(runKey, intent)
    this.submit(intent)
  }
}

class CheckpointIntent implements Intent {
  readonly weight: number
  readonly keys: ReadonlyArray<number>
  text: string
  received: number
  private readonly runKey: number
  private readonly over: (newer: boolean) => void
  /** What the unit that is being written holds. */
  private written: string | null = null
  private writtenReceived = 0

  /** `over` is called when a text is on disk or lost: whether a newer one has come meanwhile. */
  constructor(runKey: number, jobKey: number, text: string, received: number, over: (newer: boolean) => void) {
    this.weight = weightOf(1, text.length)
    this.keys = [jobKey]
    this.runKey = runKey
    this.text = text
    this.received = received
    this.over = over
  }

  apply(unit: UnitOfWork): void {
    this.written = this.text
    this.writtenReceived = this.received
    unit.checkpoint(this.runKey, this.text, this.received)
    noteFirst(unit, this.keys, this.runKey)
    // Whoever takes a step has lived through the one that a crash may have come from.
    acquittal(this.keys).apply(unit)
  }

  committed(): void {
    this.over(this.written !== this.text || this.writtenReceived !== this.received)
  }

  failed(): void {
    // The next attempt goes on from an earlier step, or from the beginning.
    this.over(false)
  }
}

/** That something is saved of a run is kept with its job: so it is noticed where that is gone. */
const noteFirst = (unit: UnitOfWork, jobKeys: ReadonlyArray<number>, runKey: number): void => {
  for (const key of jobKeys) {
    const job = unit.byKey(key)
    if (job !== undefined && liveRun(job, runKey)?.saved === undefined)
      unit.step(job, { type: "stepSaved", now: unit.now, runKey })
  }
}

const liveRun = ({ memory }: Job, runKey: number): LiveRun | undefined =>
  memory.live.find((run) => run.runKey === runKey)

/** Text of a checkpoint that was written once and is not there: it fits no task. */
const lost = "null"

/** Gives the attempts that the unit starts what their runs have come to: from this unit, else from the store. */
export const findCheckpoints = (
  { checkpoints, consequences }: UnitOfWork,
  tasks: TaskRegistry,
  store: OpenStore
): Effect.Effect<void, StoreError> | null => {
  const again = consequences.starts.filter(
    ({ attempt, job }) => attempt > 1 && (tasks.find(job.row.task)?.options.checkpoint ?? "never") !== "never"
  )
  if (again.length === 0) return null
  return Effect.map(store.checkpoints(again.map(({ runKey }) => runKey)), (stored) => {
    for (const start of again) {
      const found = checkpoints.get(start.runKey)?.text ?? stored.get(start.runKey) ?? null
      start.checkpoint = found ?? (liveRun(start.job, start.runKey)?.saved === true ? lost : null)
    }
  })
}
