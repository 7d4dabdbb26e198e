/**
 * HOW: the contract of an executor. It runs tasks and reports outcomes; it knows no store, no trigger and no job. Every
 * implementation runs the suite in `executorContract.ts`. Calls are plain callbacks, not Effects: a fiber a run costs
 * 8 µs, more than everything else that a run needs.
 */
import type { Runtime } from "effect"
import type { InspectionEvent } from "xstate"
import type { Within } from "../event/callback.ts"
import type { Outcome, RunError } from "../job/run.ts"
import type { PutOff } from "../task/retryLater.ts"
import type { AnyTask } from "../task/task.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Timers } from "../time/timers.ts"
import type { Json } from "../trigger/trigger.ts"

/** One attempt to make. */
export interface RunOrder {
  readonly runId: string
  readonly jobId: string
  readonly task: AnyTask<unknown>
  readonly args: Json
  readonly fireAt: EpochMillis
  readonly attempt: number
  /** The attempt's signal aborts after this long; `null`: never. */
  readonly timeoutMs: number | null
  /** True: an attempt that was aborted has its outcome only when its task has ended. Default false. */
  readonly awaitEnd?: boolean
}

/** How the attempt ended. `interrupted`: the executor was closed before it ended by itself. */
export interface Settlement {
  readonly outcome: Outcome
  /** When the task was called; `null` when it never was. */
  readonly startedAt: EpochMillis | null
  readonly finishedAt: EpochMillis
  /** JSON text of what the task gave; `null` for nothing, and for every other outcome than `succeeded`. */
  readonly result: string | null
  readonly error: RunError | null
  /** False when the task's own `retryWhen` refused another attempt. */
  readonly retryable: boolean
  /** When the task wants to be tried again, if it said so. */
  readonly again?: PutOff | null
}

/** Where an attempt's news goes. Called on the executor's own turn, never from within `submit`'s caller for another run. */
export interface RunListener {
  started(order: RunOrder, at: EpochMillis): void
  progressed(order: RunOrder, value: Json): void
  /** Exactly once for each submitted order, whatever the task does; may come before `submit` returns. */
  settled(order: RunOrder, settlement: Settlement): void
}

export interface ExecutorStatus {
  readonly running: number
  readonly queued: number
  /** Attempts that were aborted and have not ended since; their slots are free again, but for those whose end is awaited. */
  readonly stuck: number
}

/** An attempt that was aborted, and has its outcome when its task ends. */
export interface AwaitedEnd {
  readonly outcome: Outcome
  /** When it was aborted. */
  readonly at: EpochMillis
}

export interface Executor {
  /** How many more orders it takes now: free slots and free places in its queue. */
  free(): number
  /** Takes an order. The caller has asked `free()`; an order too many is a bug and throws. */
  submit(order: RunOrder): void
  /** Aborts the attempt, waiting or running: outcome `cancelled`, at once. False when it is not here. */
  cancel(runId: string): boolean
  /** Ends everything that is left as `interrupted`, aborts its signals, takes nothing more. Idempotent. */
  close(): void
  status(): ExecutorStatus
  /** Of a run whose attempt was aborted and is awaited (`awaitEnd`); `null` for any other. For people: `explain` says it. */
  awaited?(runId: string): AwaitedEnd | null
}

/** What an executor is given when the scheduler starts. */
export interface ExecutorContext {
  readonly name: string
  readonly timers: Timers
  readonly listener: RunListener
  /** Runs tasks that are Effects. */
  readonly runtime: Runtime.Runtime<never>
  /** Is shown the actors of tasks that are actor logic. */
  readonly inspect?: (event: InspectionEvent) => void
  /** Calls a task in the async context (`AsyncLocalStorage`) of the scheduler's maker. Absent: as it is. */
  readonly within?: Within
  /** Told what a task's options did wrong, for `onError`. */
  readonly report?: (error: unknown, where: string) => void
}

/** What a caller puts into `executors`: makes a fresh executor at each start. */
export interface ExecutorProvider {
  readonly kind: string
  /** Slots; at least 1. */
  readonly concurrency: number
  /** Places for orders that wait for a slot; 0 or more. */
  readonly queue: number
  make(context: ExecutorContext): Executor
}
