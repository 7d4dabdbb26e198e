/** An order on its way: what leaves for an executor, and who hears of it. */
import type { RunOrder, Settlement } from "../executor/executor.ts"
import type { LiveRun, RunCaller } from "../job/run.ts"
import type { RunMessage } from "../task/runMessage.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { Job } from "./job/jobCodec.ts"
import { callerOf } from "./job/jobNotes.ts"

/** An order, and where its outcome goes. The order alone leaves for the executor: it is data. */
export interface DispatchedOrder {
  readonly order: RunOrder
  readonly executor: string
  readonly source: OrderSource
  readonly jobKey: number
  readonly runKey: number
}

/** Who sent an order and takes its news. */
export interface OrderSource {
  started(dispatched: DispatchedOrder, at: EpochMillis): void
  progressed(dispatched: DispatchedOrder, value: Json): void
  checkpointed(dispatched: DispatchedOrder, text: string, received: number): void
  settled(dispatched: DispatchedOrder, settlement: Settlement): void
}

interface GoneOn {
  readonly checkpoint?: string | null
  readonly messages?: ReadonlyArray<RunMessage> | null
}

/**
 * The attempt of a run that is next, or under way. `args`: its own as JSON text; `null`: the job's. `checkpoint`: text that it goes on from;
 * `messages`: what was sent to the run since.
 */
export const orderOf = (
  source: OrderSource & { runId(runKey: number): string },
  job: Job,
  run: Pick<LiveRun, "runKey" | "fireAt" | "attempt"> &
    GoneOn & { readonly args: string | null; readonly caller?: RunCaller | undefined }
): DispatchedOrder => {
  const order: RunOrder = {
    runId: source.runId(run.runKey),
    jobId: job.row.id,
    task: job.row.task,
    args: JSON.parse(run.args ?? job.row.args) as Json,
    fireAt: run.fireAt,
    attempt: run.attempt,
    timeoutMs: job.rules.timeoutMs,
    awaitEnd: job.rules.onAborted === "await"
  }
  const caller = callerOf(job.row, run.caller)
  const asked = caller === undefined ? order : { ...order, caller }
  return {
    order: typeof run.checkpoint === "string" || run.messages ? goingOn(asked, run) : asked,
    executor: job.row.executor,
    source,
    jobKey: job.key,
    runKey: run.runKey
  }
}

/** With what its run has come to, and what was sent to it since. */
const goingOn = (order: RunOrder, { checkpoint, messages }: GoneOn): RunOrder => ({
  ...order,
  ...(typeof checkpoint === "string" ? { checkpoint: jsonOr(checkpoint) } : {}),
  ...(messages ? { messages } : {})
})

/** A damaged text is a checkpoint that fits no task. */
const jsonOr = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
