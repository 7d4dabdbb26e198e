/**
 * What each verb of a scheduler can fail with. The promise face names them in its documentation, the Effect face has them in its types;
 * everything else is a defect. No errors of runs: those are in `RunRecord.error`.
 */
import type {
  DuplicateJobError,
  InvalidOptionError,
  JobStateError,
  MaxInstancesError,
  NameTakenError,
  RunStateError,
  SchedulerNotStartedError,
  SchedulerStartedError,
  SchedulerStoppedError,
  UnknownJobError,
  UnknownNameError
} from "../engine/schedulerError.ts"
import type { UnrunCallbackError } from "../event/callback.ts"
import type { InvalidCursorError } from "../event/eventId.ts"
import type { InvalidJobError } from "../job/jobOptions.ts"
import type { StoreConflict, StoreError, StoreFenced, StoreUnavailable, StoreUnreadable } from "../store/storeError.ts"
import type { InvalidEventError } from "../task/runMessage.ts"
import type { InvalidTaskError } from "../task/task.ts"
import type { AsyncSchemaError, InvalidArgumentsError } from "../task/taskArguments.ts"
import type { DuplicateTaskError, UnknownTaskError } from "../task/taskRegistry.ts"
import type { InvalidDurationError } from "../time/duration.ts"
import type { InvalidInstantError } from "../time/instant.ts"
import type { UnknownTimezoneError } from "../time/zone.ts"
import type { FaultyTriggerError } from "../trigger/checkedTrigger.ts"
import type { InvalidTriggerError } from "../trigger/invalidTrigger.ts"
import type { InvalidExportError } from "./jobExchange.ts"

/** Outside of the scheduler's life: before `start` is through, or once it stops. */
export type LifeError = SchedulerNotStartedError | SchedulerStoppedError

/**
 * What every verb that asks a store can fail with: a `LifeError`, or what an open store fails with. A command waits `commandTimeout` for a
 * store that is away before it fails with `StoreUnavailable`.
 */
export type VerbError = LifeError | StoreUnavailable | StoreUnreadable | StoreFenced | StoreConflict

/** What is wrong with a job's definition, whichever verb it is given to. */
export type DefinitionError =
  | InvalidJobError
  | InvalidDurationError
  | InvalidArgumentsError
  | AsyncSchemaError
  | UnknownTaskError
  | InvalidTriggerError
  | FaultyTriggerError

/** What `createScheduler` throws, and `createSchedulerFromConfig` beside what `addJob` rejects with. */
export type CreateSchedulerError =
  | InvalidOptionError
  | InvalidTaskError
  | DuplicateTaskError
  | UnknownTimezoneError
  | InvalidJobError
  | InvalidDurationError
  | InvalidTriggerError
/** What `start` rejects with. */
export type StartError =
  | SchedulerStartedError
  | SchedulerStoppedError
  | StoreError
  | InvalidOptionError
  | DefinitionError
  | DuplicateJobError
  | UnknownNameError
/** What `shutdown` rejects with. */
export type ShutdownError = InvalidOptionError | InvalidDurationError
/** What `addJob` rejects with. */
export type AddJobError = VerbError | DefinitionError | DuplicateJobError | UnknownNameError
/** What `addJobs` rejects with. */
export type AddJobsError = AddJobError | InvalidOptionError
/** What `importJobs` rejects with. */
export type ImportJobsError = AddJobError | InvalidExportError
/** What `getJob` rejects with. */
export type GetJobError = VerbError | InvalidJobError
/** What `getJobs` and `exportJobs` reject with. */
export type GetJobsError = VerbError | InvalidOptionError | UnknownNameError
/** What `modifyJob` and `rescheduleJob` reject with. */
export type ModifyJobError = VerbError | DefinitionError | UnknownJobError | JobStateError
/** What `pauseJob` rejects with. */
export type PauseJobError = VerbError | InvalidJobError | UnknownJobError | JobStateError
/** What `resumeJob` rejects with. */
export type ResumeJobError =
  PauseJobError | InvalidOptionError | UnknownTaskError | UnknownNameError | FaultyTriggerError
/** What `skipNext` rejects with. */
export type SkipNextError = PauseJobError | FaultyTriggerError
/** What `removeJob` rejects with. */
export type RemoveJobError = VerbError | InvalidJobError | UnknownJobError
/** What `pauseJobs`, `resumeJobs`, `removeJobs` and `removeAllJobs` reject with. */
export type ManyJobsError = VerbError | InvalidOptionError | UnknownNameError
/** What `runJob` rejects with. */
export type RunJobError =
  PauseJobError | InvalidOptionError | InvalidArgumentsError | AsyncSchemaError | UnknownTaskError | MaxInstancesError
/** What `retryRun` rejects with. */
export type RetryRunError =
  VerbError | UnknownNameError | RunStateError | UnknownJobError | JobStateError | UnknownTaskError | MaxInstancesError
/** What `cancelRun`, and `settled` of a run's handle, reject with. */
export type CancelRunError = VerbError | UnknownNameError
/** What `sendToRun` rejects with. */
export type SendToRunError = VerbError | InvalidEventError | UnknownNameError | RunStateError
/** What `getRuns` and `getLedger` reject with. */
export type HistoryError = VerbError | InvalidOptionError | InvalidInstantError | UnknownNameError
/** What `preview` rejects with. */
export type PreviewError = VerbError | InvalidOptionError | InvalidJobError | UnknownJobError | FaultyTriggerError
/** What `explain` rejects with. */
export type ExplainError = VerbError | InvalidInstantError | InvalidJobError | UnknownJobError | FaultyTriggerError
/** What `printJobs` rejects with, beside what `print` itself throws. */
export type PrintJobsError = VerbError | InvalidOptionError | UnrunCallbackError
/** What `job$` fails with. */
export type WatchJobError = InvalidJobError
/** What `eventsAfter$` fails with. */
export type EventsAfterError = InvalidCursorError | StoreError
/** What `jobActor` and `snapshot` reject with. */
export type JobActorError = VerbError | InvalidJobError | UnknownJobError | JobStateError
/** What `addTask` rejects with. */
export type AddTaskError = AddJobError | InvalidTaskError | DuplicateTaskError
/** What `addStream` and `addCalendar` reject with, and `addExecutor` throws. */
export type AddPartError = LifeError | InvalidOptionError | NameTakenError
/** What `addStore` rejects with. */
export type AddStoreError = LifeError | StoreError | InvalidOptionError | NameTakenError
/** What `removeStore` rejects with, and `removeExecutor` throws. */
export type RemovePartError = LifeError | UnknownNameError
