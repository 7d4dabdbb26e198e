/** An event that a caller sends to a run, as a change of a unit: checked against the run as it is, then kept beside it. */
import { inWords } from "../../input/inWords.ts"
import type { TaskRegistry } from "../../task/taskRegistry.ts"
import { RunStateError } from "../schedulerError.ts"
import type { UnitOfWork } from "./unitOfWork.ts"

/** Events that may wait to one run. */
export const mostWaiting = 1_000

/** Where an event goes. */
export interface Addressee {
  readonly runId: string
  readonly runKey: number
  readonly jobKey: number
}

/** Keeps `text` for the run, and makes one that only waits due now. Throws `RunStateError`. */
export const sendEvent = (
  unit: UnitOfWork,
  { runId, runKey, jobKey }: Addressee,
  text: string,
  tasks: TaskRegistry
): void => {
  const refusal = (state: RunStateError["state"], remedy: string): RunStateError =>
    new RunStateError({ runId, verb: "sendToRun", state, remedy })
  const job = unit.byKey(jobKey)
  if (job === undefined) throw refusal("unreadable", "mend the row of its job, or remove the job")
  const { id, task } = job.row
  if (!job.memory.live.some((run) => run.runKey === runKey)) throw refusal("over", anotherRun(id))
  // One that is not registered here may be elsewhere, or come: who runs it knows what to do with the event.
  const known = tasks.find(task)
  if (known !== undefined && (known.options.checkpoint ?? "never") === "never")
    throw refusal(
      "unsaved",
      `events are for machines: let task ${inWords(task)} be one, with checkpoint "every-step" or "tagged"`
    )
  if (unit.waitingTo(runKey) >= mostWaiting)
    throw refusal("full", `${mostWaiting} events wait to it: try again when it has taken some in, or cancelRun it`)
  unit.send(runKey, text)
  unit.step(job, { type: "messageSent", now: unit.now, runKey })
}

/** What to do instead for a run that is over. */
export const anotherRun = (jobId: string): string => `runJob(${inWords(jobId)}) makes another run, which can be sent it`
