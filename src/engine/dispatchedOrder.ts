/** An order on its way: what leaves for an executor, and who hears of it. */
import type { RunOrder, Settlement } from "../executor/executor.ts"
import type { LiveRun } from "../job/run.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { Job } from "./job/jobCodec.ts"

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
  checkpointed(dispatched: DispatchedOrder, text: string): void
  settled(dispatched: DispatchedOrder, settlement: Settlement): void
}

/** The attempt of a run that is next, or under way. `args`: its own as JSON text; `null`: the job's. `checkpoint`: text that it goes on from. */
export const orderOf = (
  source: OrderSource & { runId(runKey: number): string },
  job: Job,
  run: Pick<LiveRun, "runKey" | "fireAt" | "attempt"> & {
    readonly args: string | null
    readonly checkpoint?: string | null
  }
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
  return {
    order: typeof run.checkpoint === "string" ? { ...order, checkpoint: jsonOr(run.checkpoint) } : order,
    executor: job.row.executor,
    source,
    jobKey: job.key,
    runKey: run.runKey
  }
}

/** A damaged text is a checkpoint that fits no task. */
const jsonOr = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
