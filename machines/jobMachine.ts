/**
 * The life of a job. Flat on purpose: function guards and functional `assign` only, so that the engine may step it as a
 * table. No clock, no I/O: `now`, fire times and outcomes come in events, and `context.answer` says what to do about them.
 * The state is a function of the memory (`stateOf`); this machine says which event may lead from where to where.
 */
import { assign, setup } from "xstate"
import type { JobDecision } from "../src/job/jobDraft.ts"
import type { JobContext, JobEvent } from "../src/job/jobEvent.ts"
import { noAnswer } from "../src/job/jobEvent.ts"
import { onRetime, onSetRight } from "../src/job/clockSetBack.ts"
import {
  onPark,
  onPause,
  onRedefine,
  onRemove,
  onRequested,
  onReschedule,
  onResume,
  onSkip
} from "../src/job/onCommand.ts"
import { onDue, onRefused } from "../src/job/onDue.ts"
import { onAcquitted, onAdopted, onInterrupted, onSettled, onWaitOver } from "../src/job/onSettled.ts"
import { acceptsRequest } from "../src/job/overlap.ts"
import type { Outcome } from "../src/job/run.ts"
import type { JobState } from "../src/job/snapshot.ts"
import { stateOf } from "../src/job/snapshot.ts"

/** What a job's actor begins with. */
export interface JobInput {
  /** The job's id. */
  readonly jobId: string
  /** `defaultRules`, or what a record says. */
  readonly rules: JobContext["rules"]
  /** `newMemory(…)`, or one that was saved: its state is `stateOf(memory)`. */
  readonly memory: JobContext["memory"]
}

interface Step {
  readonly context: JobContext
  readonly event: JobEvent
}

/** The job's answer to an event, whatever state it is in. */
const decide = ({ context, event }: Step): JobDecision => {
  switch (event.type) {
    case "due":
      return onDue(context, event)
    case "refused":
      return onRefused(context, event)
    case "requested":
      return onRequested(context, event)
    case "settled":
      return onSettled(context, event)
    case "waitOver":
      return onWaitOver(context, event)
    case "interrupted":
      return onInterrupted(context, event)
    case "acquitted":
      return onAcquitted(context)
    case "adopted":
      return onAdopted(context, event)
    case "pause":
      return onPause(context, event)
    case "park":
      return onPark(context, event)
    case "resume":
      return onResume(context, event)
    case "reschedule":
      return onReschedule(context, event)
    case "skip":
      return onSkip(context, event)
    case "setRight":
      return onSetRight(context, event)
    case "retime":
      return onRetime(context, event)
    case "remove":
      return onRemove(context, event)
    case "redefine":
      return onRedefine(context, event)
  }
}

/** Guards and the action of one step ask for the same decision: it is made once. */
let newestContext: JobContext | null = null
let newestEvent: JobEvent | null = null
let newestDecision: JobDecision | null = null
const decisionOf = (step: Step): JobDecision => {
  if (newestDecision === null || newestContext !== step.context || newestEvent !== step.event) {
    newestDecision = decide(step)
    newestContext = step.context
    newestEvent = step.event
  }
  return newestDecision
}

const leadsTo =
  (state: JobState) =>
  (step: Step): boolean =>
    stateOf(decisionOf(step).memory) === state

const present = ({ context }: Pick<Step, "context">): boolean => !context.memory.removed

const machineSetup = setup({
  types: { input: {} as JobInput, context: {} as JobContext, events: {} as JobEvent, output: {} as Outcome | null },
  guards: {
    leadsToScheduled: leadsTo("scheduled"),
    leadsToRunning: leadsTo("running"),
    leadsToMisfired: leadsTo("misfired"),
    leadsToPaused: leadsTo("paused"),
    /** What waits may run out without a run: late, or more than `maxRuns` leaves. */
    presentLeadsToRunning: (step) => present(step) && leadsTo("running")(step),
    presentLeadsToScheduled: (step) => present(step) && leadsTo("scheduled")(step),
    presentLeadsToMisfired: (step) => present(step) && leadsTo("misfired")(step),
    /** A removed job only ends its runs. */
    notRemoved: present,
    /** A request is let through only where the overlap policy takes it. */
    acceptsRequest: ({ context }) => acceptsRequest(context.memory, context.rules)
  },
  actions: {
    answer: assign(({ context, event }) => decisionOf({ context, event })),
    redefine: assign(({ context, event }) => ({
      rules: event.type === "redefine" ? event.rules : context.rules,
      ...decisionOf({ context, event })
    }))
  }
})

const toScheduled = { guard: "leadsToScheduled", target: "scheduled", actions: "answer" } as const
const toRunning = { guard: "leadsToRunning", target: "running", actions: "answer" } as const
const toMisfired = { guard: "leadsToMisfired", target: "misfired", actions: "answer" } as const
const toPaused = { guard: "leadsToPaused", target: "paused", actions: "answer" } as const
const toDone = { target: "done", actions: "answer" } as const

/** What alone kept it running may be a fire time that a clock which was ahead had given, and that is withdrawn. */
const setRightWhileRunning = [
  { guard: "presentLeadsToRunning", target: "running", actions: "answer" },
  { guard: "presentLeadsToScheduled", target: "scheduled", actions: "answer" },
  { guard: "notRemoved", target: "done", actions: "answer" }
] as const

/** Nothing runs: fire times and requests may start something. */
const waiting = {
  pause: { target: "paused", actions: "answer" },
  park: { target: "paused", actions: "answer" },
  acquitted: { actions: "answer" },
  redefine: { actions: "redefine" },
  refused: toMisfired,
  requested: { guard: "acceptsRequest", target: "running", actions: "answer" },
  reschedule: [toScheduled, toDone],
  setRight: [toScheduled, toDone],
  remove: toDone
} as const

/** scheduled · running · misfired · paused · done: what a job does about what happens to it. Flat, pure, and never waiting. */
export const jobMachine = machineSetup.createMachine({
  id: "job",
  initial: "scheduled",
  /** Of its last run; `null` where none was made. */
  output: ({ context }) => context.memory.lastOutcome,
  context: ({ input }) => ({ jobId: input.jobId, rules: input.rules, memory: input.memory, answer: noAnswer }),
  states: {
    /** Has a next fire time, nothing runs, the last fire time was served. */
    scheduled: {
      on: {
        ...waiting,
        retime: [toScheduled, toDone],
        due: [toRunning, toMisfired, toScheduled, toDone],
        skip: [toScheduled, toDone]
      }
    },
    /** At least one run is claimed, executing, waiting for its next attempt or for a free instance. */
    running: {
      on: {
        pause: { guard: "notRemoved", target: "paused", actions: "answer" },
        park: { guard: "notRemoved", target: "paused", actions: "answer" },
        acquitted: { actions: "answer" },
        redefine: { actions: "redefine" },
        due: [
          { guard: "presentLeadsToRunning", target: "running", actions: "answer" },
          { guard: "presentLeadsToMisfired", target: "misfired", actions: "answer" },
          { guard: "notRemoved", target: "done", actions: "answer" }
        ],
        refused: { guard: "notRemoved", actions: "answer" },
        requested: { guard: "acceptsRequest", actions: "answer" },
        reschedule: setRightWhileRunning,
        setRight: setRightWhileRunning,
        retime: { guard: "notRemoved", actions: "answer" },
        skip: { guard: "notRemoved", actions: "answer" },
        waitOver: [toRunning, toMisfired, toDone],
        settled: [toRunning, toPaused, toMisfired, toScheduled, toDone],
        adopted: { actions: "answer" },
        interrupted: [toRunning, toPaused, toMisfired, toScheduled, toDone],
        remove: [toRunning, toDone]
      }
    },
    /** Nothing runs, and the latest due fire time was not served. The next run that starts ends it. */
    misfired: {
      on: { ...waiting, retime: [toMisfired, toDone], due: [toRunning, toMisfired, toDone], skip: [toMisfired, toDone] }
    },
    /**
     * Takes no fire times: by a user, or parked for the fault in its memory. Runs under way end in their own time; those that were
     * asked for have their further attempts, unless it is parked.
     */
    paused: {
      on: {
        park: { actions: "answer" },
        acquitted: { actions: "answer" },
        redefine: { actions: "redefine" },
        reschedule: { actions: "answer" },
        setRight: { actions: "answer" },
        retime: { actions: "answer" },
        requested: { guard: "acceptsRequest", actions: "answer" },
        // Of a run that was asked for.
        waitOver: { actions: "answer" },
        settled: { actions: "answer" },
        adopted: { actions: "answer" },
        interrupted: { actions: "answer" },
        resume: [toRunning, toMisfired, toScheduled, toDone],
        remove: [toRunning, toDone]
      }
    },
    /** No fire time is left and nothing runs. Kept for the retention time. */
    done: { type: "final" }
  }
})
