/** What a writer needs of the engine, and what it tells it. */
import type { Effect } from "effect"
import type { EventStream } from "../../event/eventStream.ts"
import type { StoreError } from "../../store/storeError.ts"
import type { TaskRegistry } from "../../task/taskRegistry.ts"
import type { WallTimers } from "../../time/timers.ts"
import type { Trigger, TriggerSpec } from "../../trigger/trigger.ts"
import type { Dispatcher } from "../dispatcher.ts"
import type { Job, JobCodec } from "../job/jobCodec.ts"
import type { EventIds } from "../told/eventIds.ts"
import type { DefinitionEnvironment } from "../job/jobDefinition.ts"
import type { Writer } from "./writer.ts"
import type { UnitOfWork } from "./unitOfWork.ts"
import type { UnclaimedJobs } from "./unclaimedJobs.ts"
import type { Suspects } from "./suspects.ts"

export interface WriterHost {
  readonly timers: WallTimers
  readonly events: EventStream
  readonly eventIds: EventIds
  readonly codec: JobCodec
  readonly tasks: TaskRegistry
  readonly dispatcher: Dispatcher
  readonly suspects: Suspects
  /** What jobs need and this process does not have. */
  readonly unclaimed: UnclaimedJobs
  readonly cacheLimit: number
  /** What definitions are read against, now. */
  readonly environment: DefinitionEnvironment
  readonly readTrigger: (spec: TriggerSpec) => Trigger
  /** False while the scheduler is paused, starting or draining. */
  readonly claiming: boolean
  /** True while the scheduler is paused by a caller. */
  readonly paused: boolean
  /** How long a command, and a start, waits for a store that is away. */
  readonly commandTimeoutMs: number
  /** A cycle's changes are on disk. */
  committed(writer: Writer, unit: UnitOfWork): void
  /** Every commit is followed by this: what is done between cycles. */
  cycled(writer: Writer): Effect.Effect<void, StoreError>
  /** The job is no longer kept decoded. */
  evicted(writer: Writer, job: Job): void
  /** Milliseconds within which the writer must wake up, whatever is due when; `Infinity`: it need not. */
  wakeWithinMs(writer: Writer): number
  /** Something went wrong of which no caller hears: for `onError` and `status()`. */
  report(error: unknown, where: string): void
  /** The wall clock shows less than it did: jobs of this writer may wait for what it showed. */
  clockSetBack(writer: Writer): void
  storeLost(writer: Writer, error: StoreError): void
  storeBack(writer: Writer): void
  /** Another owner has the store, or the engine itself is at fault: the scheduler must stop. */
  broken(writer: Writer, error: unknown): void
}
