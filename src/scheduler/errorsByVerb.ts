/** What each verb of a scheduler fails with, by the verb's name. */
import type { InvalidOptionError } from "../engine/schedulerError.ts"
import type {
  AddJobError,
  AddJobsError,
  AddPartError,
  AddStoreError,
  AddTaskError,
  CancelRunError,
  ExplainError,
  GetJobError,
  GetJobsError,
  HistoryError,
  ImportJobsError,
  JobActorError,
  LifeError,
  ManyJobsError,
  ModifyJobError,
  PauseJobError,
  PreviewError,
  PrintJobsError,
  RemoveJobError,
  RemovePartError,
  ResumeJobError,
  RetryRunError,
  RunJobError,
  SendToRunError,
  ShutdownError,
  SkipNextError,
  StartError,
  VerbError,
  EventsAfterError,
  WatchJobError
} from "./verbErrors.ts"
import type { InvalidInstantError } from "../time/instant.ts"

export interface VerbErrors {
  readonly on: InvalidOptionError
  readonly start: StartError
  readonly pause: LifeError
  readonly resume: LifeError
  readonly shutdown: ShutdownError
  readonly addJob: AddJobError
  readonly addJobs: AddJobsError
  readonly getJob: GetJobError
  readonly getJobs: GetJobsError
  readonly modifyJob: ModifyJobError
  readonly rescheduleJob: ModifyJobError
  readonly pauseJob: PauseJobError
  readonly resumeJob: ResumeJobError
  readonly skipNext: SkipNextError
  readonly removeJob: RemoveJobError
  readonly removeAllJobs: ManyJobsError
  readonly pauseJobs: ManyJobsError
  readonly resumeJobs: ManyJobsError
  readonly removeJobs: ManyJobsError
  readonly runJob: RunJobError
  readonly retryRun: RetryRunError
  readonly cancelRun: CancelRunError
  readonly sendToRun: SendToRunError
  readonly getRuns: HistoryError
  readonly getLedger: HistoryError
  readonly preview: PreviewError
  readonly explain: ExplainError
  readonly verify: VerbError
  readonly status: never
  readonly printJobs: PrintJobsError
  readonly exportJobs: GetJobsError
  readonly importJobs: ImportJobsError
  readonly job$: WatchJobError
  readonly eventsAfter$: EventsAfterError
  readonly jobs$: InvalidOptionError
  readonly runs$: InvalidOptionError | InvalidInstantError
  readonly jobActor: JobActorError
  readonly snapshot: JobActorError
  readonly addTask: AddTaskError
  readonly addStream: AddPartError
  readonly addCalendar: AddPartError
  readonly addStore: AddStoreError
  readonly removeStore: RemovePartError
  readonly addExecutor: AddPartError
  readonly removeExecutor: RemovePartError
}
