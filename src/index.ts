/** The public surface of `carillon`. Bundles for a browser: no Node built-in, no native module. */
export { createScheduler } from "./scheduler/createScheduler.ts"
export type { NamedJobInput, Scheduler, TypedJobInput } from "./scheduler/scheduler.ts"
export type { ResumeOptions, RunOptions, ShutdownOptions, StartOptions, Timing } from "./scheduler/verbOptions.ts"
export type * from "./scheduler/verbErrors.ts"
export { jobLogic, RunNotSucceededError, runLogic } from "./scheduler/jobLogic.ts"
export { createSchedulerFromConfig } from "./scheduler/fromConfig.ts"
export type { ConfigRegistry, PartConfig, SchedulerConfig } from "./scheduler/fromConfig.ts"
export type { RetentionOptions, SchedulerOptions } from "./scheduler/options.ts"
export type { JobHandle, RunHandle } from "./scheduler/jobHandle.ts"
export { InvalidExportError } from "./scheduler/jobExchange.ts"
export type { ExportedJob, ExportedJobs, ImportOptions } from "./scheduler/jobExchange.ts"
export type { NeedsALook, ParkedJob } from "../machines/needsALook.ts"
export type { ExecutorLoad, SchedulerStatus, StoreOutageStatus, StoreStatus } from "./scheduler/status.ts"
export type { ReportedError } from "./engine/errorLog.ts"

export { task } from "./task/task.ts"
export type { AnyTask, Task, TaskHandler, TaskOptions } from "./task/task.ts"
export { RetryLater } from "./task/retryLater.ts"
export type { PutOff, RetryLaterOptions } from "./task/retryLater.ts"
export { RunCancelled, RunInterrupted, RunTimedOut } from "./task/taskContext.ts"
export type { AbortReason, TaskContext } from "./task/taskContext.ts"
export { InvalidTaskError } from "./task/task.ts"
export { AsyncSchemaError, InvalidArgumentsError } from "./task/taskArguments.ts"
export { CheckpointLostError, CheckpointMisfitError, StepNotSavedError } from "./task/checkpoint.ts"
export type { Checkpointing } from "./task/checkpoint.ts"
export { InvalidEventError } from "./task/runMessage.ts"
export type { RunEvent, RunMessage, SentEvent } from "./task/runMessage.ts"
export type { CheckpointOptions } from "./task/checkpointOptions.ts"
export { UnrunResultError } from "./task/unrunValue.ts"
export { DuplicateTaskError, UnknownTaskError } from "./task/taskRegistry.ts"

export { date } from "./trigger/date.ts"
export { interval } from "./trigger/interval.ts"
export type { IntervalLength, IntervalOptions } from "./trigger/interval.ts"
export { cron } from "./trigger/cron/cron.ts"
export type { CronOptions } from "./trigger/cron/cron.ts"
export type { CronFields } from "./trigger/cron/fields.ts"
export { calendarInterval } from "./trigger/calendarInterval.ts"
export type { CalendarStep } from "./trigger/calendarInterval.ts"
export { and, or } from "./trigger/combine.ts"
export { filter, not } from "./trigger/filter.ts"
export type { FilterOptions } from "./trigger/filter.ts"
export type { DateCondition, DateRange } from "./trigger/dateCondition.ts"
export { holidayCalendar, UnknownCalendarError } from "./trigger/holidayCalendar.ts"
export type { HolidayCalendar } from "./trigger/holidayCalendar.ts"
export { jitter } from "./trigger/jitter.ts"
export { limit } from "./trigger/limit.ts"
export { window } from "./trigger/window.ts"
export { stream } from "./trigger/stream.ts"
export { defineTrigger } from "./trigger/customTrigger.ts"
export type { CustomTrigger, CustomTriggerType } from "./trigger/customTrigger.ts"
export { fireTimes } from "./trigger/fireTimes.ts"
export type { FireTimesOptions } from "./trigger/fireTimes.ts"
export { fireTimes$ } from "./scheduler/clockedFireTimes.ts"
export type { ClockedFireTimesOptions } from "./scheduler/clockedFireTimes.ts"
export { describeTrigger } from "./trigger/describe.ts"
export { explainFireTime } from "./trigger/explain.ts"
export type { FireTimeExplanation } from "./trigger/explain.ts"
export { InvalidCrontabError, readCrontab } from "./trigger/cron/crontab.ts"
export type { CrontabCommand, CrontabEntry, CrontabFault, CrontabOptions } from "./trigger/cron/crontab.ts"
export { InvalidTriggerError } from "./trigger/invalidTrigger.ts"
export { FaultyTriggerError } from "./trigger/checkedTrigger.ts"
export { UnknownTriggerError } from "./trigger/triggerRegistry.ts"
export { TriggerSearchError } from "./trigger/search.ts"
export type { Json, Refusal, Trigger, TriggerBinding, TriggerCodec, TriggerSpec } from "./trigger/trigger.ts"
export { InvalidInstantError } from "./time/instant.ts"
export type { EpochMillis, InstantInput } from "./time/instant.ts"
export { InvalidDurationError } from "./time/duration.ts"
export type { DurationLike, IsoDurationText } from "./time/duration.ts"
export type { LuxonDateTime, LuxonDuration, LuxonInterval, LuxonLengths, LuxonZone } from "./time/luxonValues.ts"
export type { TimezoneInput } from "./time/timezoneInput.ts"
export type { CancelTimer, Timers } from "./time/timers.ts"
export { UnknownTimezoneError } from "./time/zone.ts"

export type { JobInput, JobOptions, RetryOptions, RuleOptions } from "./job/jobOptions.ts"
export { InvalidJobError } from "./job/jobOptions.ts"
export type { Coalesce, JobRules, OnAborted, OnInterrupted, Overlap, RetryRules } from "./job/rules.ts"
export type { LedgerEntry, LedgerKind } from "./job/ledger.ts"
export type { MisfireReason } from "./job/misfire.ts"
export type { AttemptDue, LiveRun, Outcome, RunError, RunRecord } from "./job/run.ts"
export type { FaultKind, JobFault, JobState } from "./job/snapshot.ts"

export { JobUnreadableError } from "./engine/job/jobCodec.ts"
export type { JobRecord } from "./engine/job/jobRecord.ts"
export type { StreamStatus } from "./engine/job/streamStatus.ts"
export type { JobChanges } from "./engine/writer/jobEdits.ts"
export type { JobQuery, JobSelection, LedgerQuery, PreviewEntry, RunQuery } from "./engine/query/queries.ts"
export type { Explanation, Verdict } from "./engine/query/explain.ts"
export type { Invariant, NotCheckedReason, Verification, Violation } from "./verify/verification.ts"
export type {
  JobActor,
  JobCommand,
  JobRefused,
  JobRescheduleCommand,
  JobResumeCommand,
  JobRunCommand
} from "./scheduler/jobActor.ts"
export type {
  SchedulerActor,
  SchedulerCommand,
  SchedulerRefused,
  SchedulerShutdownCommand
} from "./scheduler/schedulerActor.ts"
export type { JobSnapshot, PersistedJob } from "./engine/job/jobSnapshot.ts"
export type { SchedulerSnapshot } from "./engine/schedulerLife.ts"
export type { Inspect } from "./engine/engineOptions.ts"
export * from "./engine/schedulerError.ts"
export { JobsUnclaimedError } from "./engine/writer/unclaimedJobs.ts"
export type { MissingKind } from "./engine/job/missingPart.ts"
export type { MissingPart } from "./engine/writer/unclaimedJobs.ts"
export { ClockSetBackError, ZoneDataChangedError } from "./engine/correction/clockCorrection.ts"
export type { ClockSetBack } from "./engine/writer/clockWatch.ts"
export type { Moved } from "./engine/correction/recomputing.ts"

export type * from "./event/schedulerEvent.ts"
export { UnrunCallbackError } from "./event/callback.ts"
export { InvalidCursorError } from "./event/eventId.ts"
export type { EventListener } from "./event/eventStream.ts"

export { memory } from "./store/memory/memoryStore.ts"
export type * from "./store/jobStore.ts"
export {
  StoreConflict,
  StoreMended,
  StoreFenced,
  StoreInUse,
  StoreTooNew,
  StoreUnavailable,
  StoreUnreadable
} from "./store/storeError.ts"
export type { StoreError } from "./store/storeError.ts"

export { inProcess } from "./executor/inProcess/inProcessExecutor.ts"
export { InvalidExecutorError } from "./executor/inProcess/options.ts"
export { InvalidSettlementError } from "./executor/settlement.ts"
export type { InProcessOptions } from "./executor/inProcess/options.ts"
export type {
  AttemptId,
  AwaitedEnd,
  Executor,
  ExecutorContext,
  ExecutorProvider,
  ExecutorStatus,
  RunListener,
  RunOrder,
  Settlement,
  TaskSource
} from "./executor/executor.ts"
