/**
 * The names that the job's chart uses: its guards, each a predicate over what the job knows and what has happened, and its actions, each
 * one part of the answer. What they mean is written in `src/job`.
 */
import type { JobDecision } from "../src/job/jobDraft.ts"
import { JobDraft } from "../src/job/jobDraft.ts"
import type { JobContext, JobEvent } from "../src/job/jobEvent.ts"
import { retime, setRight } from "../src/job/clockSetBack.ts"
import * as command from "../src/job/onCommand.ts"
import * as fireTime from "../src/job/onDue.ts"
import * as attempt from "../src/job/onSettled.ts"
import * as overlap from "../src/job/overlap.ts"
import { anythingRuns, isOver } from "../src/job/snapshot.ts"

interface Step {
  readonly context: JobContext
  readonly event: JobEvent
}
type Type = JobEvent["type"]
type Of<T extends Type> = Extract<JobEvent, { readonly type: T }>
type Guard = (step: Step) => boolean
type Action = (step: Step) => Partial<JobContext>

const isOf = <T extends Type>(event: JobEvent, types: ReadonlyArray<T>): event is Of<T> =>
  (types as ReadonlyArray<Type>).includes(event.type)

/** A predicate about events of these types. */
const when =
  <T extends Type>(types: ReadonlyArray<T>, rule: (context: JobContext, event: Of<T>) => boolean): Guard =>
  ({ context, event }) =>
    isOf(event, types) && rule(context, event)

/** What is done about events of these types. */
const does = <T extends Type>(types: ReadonlyArray<T>, rule: (draft: JobDraft, event: Of<T>) => void): Action =>
  drafted((draft, event) => {
    if (isOf(event, types)) rule(draft, event)
  })

/** Those of one transition may share a draft, see `compiledMachine.ts`; by itself each has its own. */
const drafted = (change: (draft: JobDraft, event: JobEvent) => void): Action => {
  const alone: Action = ({ context, event }) => {
    const draft = begin(context, event)
    change(draft, event)
    const decision = draft.decision()
    return decision.memory === context.memory && decision.answer === context.answer ? {} : decision
  }
  return Object.assign(alone, { drafted: { begin, change, end } })
}

const begin = (context: JobContext, event: JobEvent): JobDraft => new JobDraft(context, event)
const end = (draft: JobDraft): JobDecision => draft.decision()

/** A rule about a fire time holds only where the job takes any. */
const due = (rule: (context: JobContext, event: Of<"due">) => boolean): Guard =>
  when(["due"], (context, event) => fireTime.takesFireTimes(context) && rule(context, event))

/** A rule about a request holds only where the job takes it. */
const requested = (rule: (context: JobContext, event: Of<"requested">) => boolean): Guard =>
  when(
    ["requested"],
    (context, event) =>
      !isOver(context.memory) && overlap.acceptsRequest(context.memory, context.rules) && rule(context, event)
  )

const executes = ({ memory }: JobContext): boolean => memory.live.some((run) => run.retryAt === null)

export const jobGuards = {
  // Of the job as it is.
  /** Something runs, or waits for its next attempt or for a free instance. */
  anythingRuns: ({ context }) => anythingRuns(context.memory),
  nothingRuns: ({ context }) => !anythingRuns(context.memory),
  /** No fire time is left, and nothing runs. */
  over: ({ context }) => isOver(context.memory),
  notOver: ({ context }) => !isOver(context.memory),
  /** The latest due fire time was not served. */
  latestMisfired: ({ context: { memory } }) => memory.misfire !== null,
  /** It was served, or counts no more; or something runs; or all is over. */
  misfireIsPast: ({ context: { memory } }) => memory.misfire === null || anythingRuns(memory) || isOver(memory),
  /** A removed job only ends its runs. */
  inService: ({ context: { memory } }) => !memory.removed && !isOver(memory),
  takesFireTimes: ({ context }) => fireTime.takesFireTimes(context),
  executes: ({ context }) => executes(context),

  // Of a fire time.
  /** The same of a fire time that comes again with `coalesce: "all"`, if ever. */
  catchUpAtMaxRuns: due(fireTime.endsCatchUp),
  /** `maxRuns` leaves no run, as after it was lowered. */
  maxRunsReached: due(fireTime.maxRunsReached),
  /** Fewer runs are live than `maxInstances`, and nothing waits. */
  instanceFree: due(overlap.instanceFree),
  /** It came due while nothing was claimed, or while none of the job's runs executed. */
  missed: due(fireTime.isMissed),
  noPlaceForMissed: due(fireTime.noPlaceForMissed),
  overlapCancels: due(overlap.overlapCancels),
  queueFull: due(overlap.queueFull),
  overlapQueues: due(overlap.overlapQueues),
  overlapSkips: due((context) => !overlap.overlapCancels(context) && !overlap.overlapQueues(context)),

  // Of a request.
  requestStarts: requested((context, { held }) => held !== true && overlap.instanceFree(context)),
  requestCancels: requested(overlap.requestCancels),
  requestWaits: requested(() => true),

  // Of an attempt.
  /** The event names an attempt that is under way, or one to come that is called off. */
  underWay: when(["settled", "interrupted", "adopted"], (context, event) =>
    event.type === "settled"
      ? attempt.settledRun(context, event) !== undefined
      : attempt.namedUnderWay(context, event).length > 0
  ),
  /** It must be the job's own run that kills the process, or its worker. */
  poison: when(["settled", "interrupted"], (context, event) =>
    event.type === "settled" ? attempt.killedItsWorker(context, event) : attempt.isCulprit(context, event)
  ),
  attemptsLeft: when(["settled"], attempt.maySettleAgain),
  rerunsInterrupted: when(
    ["interrupted"],
    (context, event) => attempt.rerunsInterrupted(context) && attempt.namedUnderWay(context, event).length > 0
  ),

  // Of an event that was sent to a run.
  /** The run's machine only waits, and its next attempt is not due yet. */
  putAway: when(["messageSent"], attempt.isPutAway),

  // Of a step that is saved.
  /** Nothing of the run was saved before. */
  firstStep: when(["stepSaved"], attempt.isFirstStep),

  // Of a resume.
  clockWasAhead: when(["resume"], command.clockWasAhead),
  leavesPauseOut: when(["resume"], (_context, { missed }) => missed === "skip")
} satisfies Record<string, Guard>

export const jobActions = {
  /** Each event is answered for itself. */
  answerAnew: drafted((draft) => draft.answerAnew()),

  // Fire times.
  accountFor: does(["due", "late", "counted"], fireTime.accountFor),
  claim: does(["due"], fireTime.claim),
  coalesce: does(["due"], fireTime.coalesce),
  queue: does(["due"], fireTime.queueFire),
  queueAsMissed: does(["due"], fireTime.queueAsMissed),
  leaveDue: does(["due"], fireTime.leaveDue),
  misfireAtMaxInstances: does(["due"], (draft, event) => fireTime.misfireOne(draft, event, "maxInstances")),
  misfireAtFullQueue: does(["due"], (draft, event) => fireTime.misfireOne(draft, event, "queueFull")),
  withdraw: does(["due"], fireTime.withdraw),
  endBefore: does(["due"], fireTime.endBefore),
  misfireLate: does(["late"], fireTime.misfireLate),
  refuse: does(["refused"], fireTime.refuse),
  endSchedule: does(["streamCompleted"], fireTime.endSchedule),

  // Runs.
  cancelRunning: does(["due", "requested"], overlap.cancelRunning),
  claimRequest: does(["requested"], command.claimRequest),
  queueRequest: does(["requested"], overlap.queueRequest),
  startQueued: does(
    ["due", "late", "counted", "requested", "waitOver", "settled", "interrupted", "resume"],
    overlap.startQueued
  ),
  startAttempts: does(["waitOver"], attempt.startAttempts),
  makeDue: does(["messageSent"], attempt.makeDue),
  noteSaved: does(["stepSaved"], attempt.noteSaved),
  retry: does(["settled"], attempt.retry),
  endRun: does(["settled"], attempt.endRun),
  attemptAgain: does(["interrupted"], attempt.attemptAgain),
  endInterrupted: does(["interrupted"], attempt.endInterrupted),
  countFromEnds: does(["settled", "interrupted", "requested"], attempt.countFromEnds),
  parkAsPoison: does(["settled", "interrupted"], attempt.parkAsPoison),
  adopt: does(["adopted"], attempt.adopt),
  acquit: does(["acquitted"], attempt.acquit),

  // Commands.
  pause: does(["pause"], command.pause),
  park: does(["park"], command.park),
  countByRightClock: does(["resume"], command.countByRightClock),
  leavePauseOut: does(["resume"], command.leavePauseOut),
  endPause: does(["resume"], command.endPause),
  leaveOut: does(["skip"], command.leaveOut),
  reschedule: does(["reschedule"], command.reschedule),
  setRight: does(["setRight"], setRight),
  retime: does(["retime"], retime),
  remove: does(["remove"], command.remove),
  takeRules: ({ context, event }) =>
    event.type === "redefine" ? { rules: event.rules, memory: command.keepArguments(context.memory, event) } : {}
} satisfies Record<string, Action>
