/** The machines that decide what a job, the scheduler and an executor do next: `carillon/machines`. Pure definitions. */
export { jobMachine } from "./jobMachine.ts"
export type { JobInput } from "./jobMachine.ts"
export type {
  AcquittedEvent,
  AdoptedEvent,
  AnswerEntry,
  Claim,
  CountedEvent,
  DueEvent,
  Ended,
  InterruptedEvent,
  JobAnswer,
  JobContext,
  JobEvent,
  LateEvent,
  NextFire,
  ParkEvent,
  PauseEvent,
  RedefineEvent,
  RefusedEvent,
  RemoveEvent,
  RequestedEvent,
  RescheduleEvent,
  ResumeEvent,
  WaitOverEvent,
  SettledEvent
} from "../src/job/jobEvent.ts"
export { noAnswer } from "../src/job/jobEvent.ts"
export type { JobRules } from "../src/job/rules.ts"
export { defaultRules } from "../src/job/rules.ts"
export type { JobMemory, JobState } from "../src/job/snapshot.ts"
export { newMemory, stateOf } from "../src/job/snapshot.ts"
export { schedulerMachine } from "./schedulerMachine.ts"
export type { NeedsALook, ParkedJob } from "./needsALook.ts"
export type { SchedulerContext, SchedulerEvent } from "./schedulerMachine.ts"
export { executorMachine } from "./executorMachine.ts"
export type { ExecutorContext, ExecutorEvent, ExecutorInput } from "./executorMachine.ts"
