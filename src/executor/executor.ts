/**
 * HOW: the contract of an executor. It runs tasks and reports outcomes; it knows no store, no trigger and no job. Every
 * implementation runs the suite in `executorContract.ts`. Calls are plain callbacks, not Effects: a fiber a run costs
 * 8 µs, more than everything else that a run needs.
 */
import type { Runtime } from "effect"
import type { InspectionEvent } from "xstate"
import type { Within } from "../event/callback.ts"
import type { AttemptDue, Outcome, RunCaller, RunError } from "../job/run.ts"
import type { PutOff } from "../task/retryLater.ts"
import type { RunMessage } from "../task/runMessage.ts"
import type { AnyTask } from "../task/task.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Timers } from "../time/timers.ts"
import type { Json } from "../trigger/trigger.ts"

/** Which attempt is spoken of. A run has one attempt at a time, and the next may be ordered before the last has ended. */
export interface AttemptId {
  /** The run, the same in all its attempts. */
  readonly runId: string
  /** The first is 1. */
  readonly attempt: number
}

/**
 * One attempt to make. Plain data: `JSON.parse(JSON.stringify(order))` equals it, so it may go to another thread or host. The code is
 * found by the task's name where it runs; what is not data (a signal, a way to tell of progress) is made there.
 */
export interface RunOrder extends AttemptId {
  /** Of the job that runs. */
  readonly jobId: string
  /** The task's name. */
  readonly task: string
  /** As stored; the task's schema, if it has one, has not parsed them yet. */
  readonly args: Json
  /** The fire time that the run serves, epoch milliseconds. */
  readonly fireAt: EpochMillis
  /** The attempt's signal aborts so many milliseconds after its start; `null`: never. */
  readonly timeoutMs: number | null
  /** Who asked for the run, or for its job: for traces, and for what of the caller's context goes with it. Absent: nobody said. */
  readonly caller?: RunCaller
  /** True: an attempt that was aborted has its outcome only when its task has ended. Default false. */
  readonly awaitEnd?: boolean
  /** The newest that an attempt of this run told by `checkpointed`: this one goes on from there. Absent: from the beginning. `null`: it is lost, and the attempt fails as `unfit`. */
  readonly checkpoint?: Json
  /** Events that were sent to the run and are in none of its checkpoints, by number: its machine takes them in first. Absent: none. */
  readonly messages?: ReadonlyArray<RunMessage>
}

/** How an attempt ended. `interrupted`: the executor was closed before it ended by itself. */
export interface Settlement {
  /** Of the attempt. */
  readonly outcome: Outcome
  /** When the task was called, epoch milliseconds; `null` when it never was. */
  readonly startedAt: EpochMillis | null
  /** Epoch milliseconds, not before `startedAt`. */
  readonly finishedAt: EpochMillis
  /** JSON text of what the task gave; `null` for nothing, and for every other outcome than `succeeded`. */
  readonly result: string | null
  /** What it failed with, or timed out with; `null` for every other outcome. */
  readonly error: RunError | null
  /** False when the task's own `retryWhen` refused another attempt. */
  readonly retryable: boolean
  /** When the task wants to be tried again, if it said so. */
  readonly again?: PutOff | null
  /**
   * True: the worker (a process, a thread, a host) that had this attempt alone died under it; of `failed` and `interrupted` only, and absent
   * of anything else. The third in a row of one run parks its job as poison. Where several attempts shared the worker, say it of none.
   */
  readonly crashed?: true
  /** True of `failed`: the order's checkpoint does not fit the task. The job is parked with the error's message, and the run is kept. */
  readonly unfit?: true
  /**
   * Of `interrupted` without an error: what was told by `checkpointed` only waits until then, epoch milliseconds, or for an event from
   * outside, and has given its slot away. The run's next attempt is due then, or once an event is sent to the run; none of `retry.attempts`
   * is used up.
   */
  readonly waitsUntil?: AttemptDue
}

/**
 * Where an attempt's news goes; its order will do for the `attempt`. Called on the executor's own turn, never from within `submit`'s
 * caller for another run. What is told of an attempt that has its outcome, or was never ordered, is dropped.
 */
export interface RunListener {
  /** Its task is called: at most once, epoch milliseconds. */
  started(attempt: AttemptId, at: EpochMillis): void
  /** Its task has told how far it is, with a copy of what it gave. */
  progressed(attempt: AttemptId, value: Json): void
  /**
   * How far its task has come, as JSON text: it is saved with the run, and the order of the run's next attempt carries the newest. Of tasks
   * with a `checkpoint` option only. `received`: the number of the newest message that it has taken in, of its order or delivered since;
   * no attempt is given these again. 0, the default: none.
   */
  checkpointed(attempt: AttemptId, text: string, received?: number): void
  /** Exactly once for each submitted order, whatever the task does; may come before `submit` returns. */
  settled(attempt: AttemptId, settlement: Settlement): void
}

/** How much of it is taken. */
export interface ExecutorStatus {
  /** Slots that are taken. */
  readonly running: number
  /** Orders that wait for a slot. */
  readonly queued: number
  /** Attempts that were aborted and have not ended since; their slots are free again, but for those whose end is awaited. */
  readonly stuck: number
}

/** An attempt that was aborted, and has its outcome when its task ends. */
export interface AwaitedEnd {
  /** What it will have: `timedOut` or `cancelled`. */
  readonly outcome: Outcome
  /** When it was aborted, epoch milliseconds. */
  readonly at: EpochMillis
}

/** An executor at work. Its calls are synchronous book-keeping, wherever the tasks run. */
export interface Executor {
  /** How many more orders it takes now: free slots and free places in its queue. */
  free(): number
  /** Takes an order. The caller has asked `free()`; an order too many is a bug and throws. */
  submit(order: RunOrder): void
  /** Aborts the attempt, waiting or running: outcome `cancelled`, at once. False when it is not here. */
  cancel(runId: string): boolean
  /**
   * Gives the attempt, waiting or running, an event that was sent to its run: its machine takes it in after all those before. It is on disk,
   * and comes with the order of the next attempt unless a checkpoint has received it: so one that is not here any more, or that takes no
   * events, lets it be, and so does an executor without this. A number that is not above the last has come before, and is dropped.
   */
  deliver?(runId: string, message: RunMessage): void
  /**
   * Ends everything that is left as `interrupted`, aborts its signals, takes nothing more. Idempotent. A stop waits for what it gives, such as
   * the end of worker processes: until its deadline, at least 5 and at most 30 seconds. What it still settles meanwhile is saved.
   */
  close(): void | Promise<void>
  /**
   * For an executor whose attempts outlive the scheduler, elsewhere: its `close` leaves them alone. Asked at a start, of the attempts that the
   * last owner of a store left unfinished with it, which of them it is still making, or has seen end since; it answers with their runs,
   * and settles each exactly once, from the call on. They are its own from then on: they take slots, and their timeouts go on there.
   * The others are interrupted. An answer that fails, or takes more than 30 seconds, is none.
   */
  adopt?(attempts: ReadonlyArray<AttemptId>): Iterable<string> | Promise<Iterable<string>>
  /** What it has in hand, now. */
  status(): ExecutorStatus
  /** Of a run whose attempt was aborted and is awaited (`awaitEnd`); `null` for any other. For people: `explain` says it. */
  awaited?(runId: string): AwaitedEnd | null
}

/** The tasks that are registered here, now: more may come while the scheduler runs, none is taken out. */
export interface TaskSource {
  /** `undefined` when no task has this name. */
  find(name: string): AnyTask<unknown> | undefined
  /** In order of registration. */
  readonly names: ReadonlyArray<string>
  /** True for a task that is defined here and whose code comes later, or again: an attempt of it is put off. Absent: there is none. */
  awaits?(name: string): boolean
}

/** What an executor is given when the scheduler starts. */
export interface ExecutorContext {
  /** What the scheduler calls it, for errors. */
  readonly name: string
  /** Code for orders that are run here, by the task's name. An executor that runs them elsewhere need not look at it. */
  readonly tasks: TaskSource
  /** The scheduler's clock. */
  readonly timers: Timers
  /** Who is told of its attempts. */
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
  /** In a word, for `status()`. */
  readonly kind: string
  /** Slots; at least 1. */
  readonly concurrency: number
  /** Places for orders that wait for a slot; 0 or more. */
  readonly queue: number
  /** Starts nothing before it is given an order. */
  make(context: ExecutorContext): Executor
}
