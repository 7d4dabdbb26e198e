/**
 * What a run of a task is, wherever it is made: its arguments are read, its code is called, and what comes of it is told as data. Knows no
 * slot, no timer and no scheduler, so that a worker thread or process does the same with the same tasks.
 */
import { heed } from "../../event/callback.ts"
import type { Within } from "../../event/callback.ts"
import type { AttemptDue, RunError } from "../../job/run.ts"
import { exactText, jsonText } from "../../task/jsonText.ts"
import { inWords } from "../../input/inWords.ts"
import type { Durability } from "../../task/checkpoint.ts"
import { CheckpointLostError, CheckpointMisfitError, StepNotSavedError } from "../../task/checkpoint.ts"
import type { PutOff } from "../../task/retryLater.ts"
import { putOffOf } from "../../task/retryLater.ts"
import { describeError, underlying } from "../../task/runError.ts"
import type { AnyTask } from "../../task/task.ts"
import { InvalidTaskError } from "../../task/task.ts"
import { parseArguments } from "../../task/taskArguments.ts"
import type { AttemptControl } from "../../task/taskContext.ts"
import { AttemptContext } from "../../task/taskContext.ts"
import { UnknownTaskError } from "../../task/taskRegistry.ts"
import type { TaskEnvironment, ValueTaker } from "../../task/taskValue.ts"
import type { RunMessage } from "../../task/runMessage.ts"
import { runHandler } from "../../task/taskValue.ts"
import { firstUnrun, UnrunResultError } from "../../task/unrunValue.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { RunOrder, TaskSource } from "../executor.ts"

/** Where tasks are called. */
export interface TaskPlace extends TaskEnvironment {
  readonly tasks: TaskSource
  readonly within: Within
  /** Told what a task's options did wrong. */
  report(error: unknown, where: string): void
}

/** How a task ended by itself: what a settlement says of it, but for the instants. */
export interface TaskEnd {
  readonly outcome: "succeeded" | "failed"
  readonly result: string | null
  readonly error: RunError | null
  readonly retryable: boolean
  readonly again: PutOff | null
  /** The order's checkpoint does not fit the task. */
  readonly unfit?: true
}

/** Who is told how far a task has come. */
export interface StepTaker {
  checkpoint(text: string, received: number): void
  /** Takes messages from now on, those first that have come by now. */
  listen(deliver: (message: RunMessage) => void): void
  /** What was told last only waits until then, or for an event, and has been stopped. Nothing follows. */
  wait(until: AttemptDue): void
}

/** Calls the task; `taker` hears how it ends, maybe before this returns. The end itself of one that cannot be called. */
export const callTask = (
  order: RunOrder,
  taker: ValueTaker & AttemptControl & StepTaker,
  place: TaskPlace
): TaskEnd | null => {
  const task = place.tasks.find(order.task)
  if (task === undefined) {
    // Somebody who knows it may take the next attempt. It has only to wait where the code comes later, or again.
    const unknown = new UnknownTaskError({ task: order.task, job: order.jobId, known: place.tasks.names })
    const waits = place.tasks.awaits?.(order.task) === true
    return failed(unknown, true, waits ? { at: place.timers.now(), counts: false } : null)
  }
  let args: unknown
  try {
    args = parseArguments(task, order.args, order.jobId)
  } catch (error) {
    // The same arguments would fail again.
    return failed(error, false)
  }
  runHandler(task.handler, new AttemptContext(args, order, taker), taker, place, durabilityOf(task, order, taker))
  return null
}

/** How the task's steps are kept; `null` for a task that has none. */
const durabilityOf = ({ options }: AnyTask<unknown>, order: RunOrder, taker: StepTaker): Durability | null => {
  const { checkpoint: mode = "never", version = 1, migrate } = options
  if (mode === "never") return null
  const { jobId, task, checkpoint: saved } = order
  return {
    mode,
    version,
    migrate,
    jobId,
    task,
    saved,
    save: (text, received) => taker.checkpoint(text, received),
    listen: (deliver) => taker.listen(deliver),
    wait: (until) => taker.wait(until)
  }
}

/** Of a task that gave `value`: its text, unless that is something that nothing runs. */
export const endWith = (value: unknown, { jobId: job, task }: RunOrder): TaskEnd => {
  if (value === undefined || value === null) return nothingGiven
  // What is still to be run is never exact, so what is costs no further look.
  const exact = exactText(value)
  if (exact !== null) return succeeded(exact)
  const left = firstUnrun(value)
  return left === null ? succeeded(jsonText(value)) : failed(new UnrunResultError({ job, task, ...left }), false)
}

/** Of a task that threw `error`, or gave what failed with it; `cause`: what is kept of it beside its description. */
export const endOf = (error: unknown, order: RunOrder, place: TaskPlace, cause?: Json): TaskEnd => {
  // Saved by another version of it, or lost: the run waits, as it is, until somebody has seen to it.
  if (error instanceof CheckpointMisfitError || error instanceof CheckpointLostError)
    return { ...failed(error, true, { at: place.timers.now(), counts: false }), unfit: true }
  if (error instanceof StepNotSavedError) return failed(error, false)
  const again = putOffOf(underlying(error), place.timers.now())
  const end = failed(error, again !== null || isWorthRetrying(error, order, place), again)
  return cause === undefined || end.error === null ? end : { ...end, error: { ...end.error, cause } }
}

/** What the task's own `retryWhen` says; without one, it is. */
export const isWorthRetrying = (error: unknown, { jobId, task }: RunOrder, place: TaskPlace): boolean => {
  const retryWhen = place.tasks.find(task)?.options.retryWhen
  if (retryWhen === undefined) return true
  const report = (failure: unknown): void => place.report(failure, `retryWhen of task "${task}", job "${jobId}"`)
  try {
    const answer: unknown = place.within(() => retryWhen(error))
    if (typeof answer !== "object" || answer === null) return Boolean(answer)
    report(
      new InvalidTaskError({ task, field: "retryWhen's answer", found: inWords(answer), expected: "true or false" })
    )
    heed(answer, report)
  } catch (failure) {
    report(failure)
  }
  return false
}

const succeeded = (result: string): TaskEnd => ({
  outcome: "succeeded",
  result,
  error: null,
  retryable: true,
  again: null
})

const failed = (error: unknown, retryable: boolean, again: PutOff | null = null): TaskEnd => ({
  outcome: "failed",
  result: null,
  error: describeError(error),
  retryable,
  again
})

const nothingGiven: TaskEnd = { outcome: "succeeded", result: null, error: null, retryable: true, again: null }
