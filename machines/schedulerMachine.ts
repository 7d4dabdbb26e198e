/**
 * The life of a scheduler: what it admits, whether it claims runs, and why not. The engine tells it what happened and asks its tags before it
 * does anything; it has no other record of where it is. Holds no job; no clock, no I/O.
 */
import { assign, setup } from "xstate"
import type { Outcome } from "../src/job/run.ts"
import type { NeedsALook, PartEvent } from "./needsALook.ts"
import { isBetter, isOfPart, needsAfter, nothingNeeded } from "./needsALook.ts"

/** What it knows of itself and its parts. */
export interface SchedulerContext {
  /** Whether a caller paused it; kept while degraded, which ends where this says. */
  readonly paused: boolean
  /** The names of the stores that are away. */
  readonly lost: ReadonlyArray<string>
  /** What the store lost last said, or why the scheduler stopped; `null` while all is well. */
  readonly reason: string | null
  /** Parts that have reported a fault, and nothing better since. */
  readonly needsALook: NeedsALook
}

/** What happens to a scheduler. */
export type SchedulerEvent =
  /** It is asked to start; taken once. */
  | { readonly type: "start" }
  /** Stores are open, orphans are resolved: jobs may be declared. */
  | { readonly type: "opened" }
  /** All jobs that it was given are declared. */
  | { readonly type: "started" }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** A store does not answer. */
  | StoreLostEvent
  | StoreBackEvent
  /** Shut down: claim nothing more, let runs end. */
  | { readonly type: "drain" }
  /** Nothing runs, nothing waits for its commit, and nothing is open any more. */
  | { readonly type: "drained" }
  /** It cannot start, or cannot go on. */
  | FailedEvent
  | PartEvent
  | JobSettledEvent

/** What a state admits, and what it is for who looks. */
export type SchedulerTag =
  /** Whoever gives a command has to start it first. */
  | "not-started"
  /** Commands are taken. */
  | "takes-commands"
  /** Questions are answered. */
  | "answers"
  /** It has started, and nobody has stopped it. */
  | "at-work"
  /** Fire times become runs, unless it is paused. */
  | "claims"
  /** Somebody may have to act. */
  | "needs-a-look"
  /** Nothing more happens. */
  | "terminal"

interface StoreLostEvent {
  readonly type: "storeLost"
  /** Its name in the scheduler. */
  readonly store: string
  /** What it said. */
  readonly reason: string
}

interface StoreBackEvent {
  readonly type: "storeBack"
  /** Its name in the scheduler. */
  readonly store: string
}

/** What an inspected job reports. It changes nothing: what a run frees is its executor's, and what comes next is its job's. */
interface JobSettledEvent {
  readonly type: "jobSettled"
  /** The job whose run has ended. */
  readonly jobId: string
  /** The run that has ended. */
  readonly runId: string
  /** How. */
  readonly outcome: Outcome
}

interface FailedEvent {
  readonly type: "failed"
  /** What it failed of. */
  readonly reason: string
}

interface Step {
  readonly context: SchedulerContext
  readonly event: SchedulerEvent
}

const needed = ({ context, event }: Step): boolean => isOfPart(event) && isBetter(context.needsALook, event)
const kept = ({ context, event }: Step) =>
  isOfPart(event) ? { needsALook: needsAfter(context.needsALook, event) } : {}

const remaining = (context: SchedulerContext, event: SchedulerEvent): ReadonlyArray<string> =>
  event.type === "storeBack" ? context.lost.filter((store) => store !== event.store) : context.lost

const schedulerSetup = setup({
  types: {
    context: {} as SchedulerContext,
    events: {} as SchedulerEvent,
    tags: {} as SchedulerTag
  },
  guards: {
    storesAway: ({ context }) => context.lost.length > 0,
    lastStoreOfActive: ({ context, event }) => !context.paused && remaining(context, event).length === 0,
    lastStoreOfPaused: ({ context, event }) => context.paused && remaining(context, event).length === 0,
    executorNeedsALook: needed,
    streamNeedsALook: needed,
    jobNeedsALook: needed,
    isPaused: ({ context }) => context.paused,
    isNotPaused: ({ context }) => !context.paused
  },
  actions: {
    pause: assign({ paused: true }),
    resume: assign({ paused: false }),
    loseStore: assign(({ context, event }) =>
      event.type === "storeLost"
        ? { lost: [...context.lost.filter((store) => store !== event.store), event.store], reason: event.reason }
        : {}
    ),
    regainStore: assign(({ context, event }) => {
      const lost = remaining(context, event)
      return { lost, reason: lost.length === 0 ? null : context.reason }
    }),
    askForALook: assign(kept),
    noLookNeeded: assign(kept),
    fail: assign(({ event }) => (event.type === "failed" ? { reason: event.reason } : {}))
  }
})

const ending = {
  drain: { target: "draining", description: "A shutdown is asked for." },
  failed: { target: "draining", actions: "fail", description: "It cannot start, or cannot go on." }
} as const

const loses = { actions: "loseStore", description: "One more store is away." } as const
const regains = { actions: "regainStore", description: "A store answers again." } as const

/** new → starting → declaring → active ⇄ paused → draining → stopped; degraded while a store is away. */
export const schedulerMachine = schedulerSetup.createMachine({
  id: "scheduler",
  description: "What the scheduler admits, whether it claims runs, and why not.",
  initial: "new",
  // Made anew for each: what whoever looks does to one is none of the others' matter.
  context: () => ({ paused: false, lost: [], reason: null, needsALook: nothingNeeded() }),
  on: {
    executorCrashed: {
      actions: "askForALook",
      description: "An executor did wrong, or a worker died under it. What it was given fails, and it is given more."
    },
    executorBack: {
      guard: "executorNeedsALook",
      actions: "noLookNeeded",
      description: "It has ended an attempt in good order since, or was removed."
    },
    streamFailed: {
      actions: "askForALook",
      description: "A stream failed. It is subscribed to again a second later, for ever."
    },
    streamBack: { guard: "streamNeedsALook", actions: "noLookNeeded", description: "It has given a value since." },
    jobParked: { actions: "askForALook", description: "A job was parked for a fault, and waits for somebody." },
    jobBack: {
      guard: "jobNeedsALook",
      actions: "noLookNeeded",
      description: "It was resumed, is done, or has gone, maybe with its store."
    },
    jobSettled: {
      description:
        "A run has ended; only inspected jobs tell it. Nothing follows here: what it frees is its executor's, and what comes next is its job's."
    }
  },
  states: {
    new: {
      description: "Made, and not asked to start: jobs that are added are kept for the start.",
      tags: ["not-started"],
      on: {
        start: { target: "starting", description: "It is asked to start." },
        drain: { target: "stopped", description: "Stopped before it was started: there is nothing to end." }
      }
    },
    starting: {
      description: "Opens stores and executors, resolves what the last owner left behind. Takes no command.",
      tags: ["not-started"],
      on: {
        ...ending,
        opened: { target: "declaring", description: "Stores are open, what was left behind is resolved." },
        storeLost: loses,
        storeBack: regains
      }
    },
    declaring: {
      description: "Adds the jobs that it was given before the start, and takes commands; claims nothing yet.",
      tags: ["takes-commands", "answers"],
      on: {
        ...ending,
        started: [
          { guard: "storesAway", target: "degraded", description: "A store that was opened is away again." },
          { target: "active", description: "All its jobs are declared." }
        ],
        storeLost: loses,
        storeBack: regains
      }
    },
    active: {
      description: "Claims what is due.",
      tags: ["at-work", "takes-commands", "answers", "claims"],
      on: {
        ...ending,
        pause: { target: "paused", actions: "pause", description: "Claims nothing from now on." },
        storeLost: { ...loses, target: "degraded" }
      }
    },
    paused: {
      description: "Claims nothing until it is resumed; runs under way go on.",
      tags: ["at-work", "takes-commands", "answers"],
      on: {
        ...ending,
        resume: {
          target: "active",
          actions: "resume",
          description: "What came due meanwhile follows the jobs' rules."
        },
        storeLost: { ...loses, target: "degraded" }
      }
    },
    degraded: {
      description:
        "A store is away: nothing new of it is claimed, its outcomes wait in memory; others go on. Pausing and resuming say where it ends.",
      tags: ["at-work", "takes-commands", "answers", "claims", "needs-a-look"],
      on: {
        ...ending,
        pause: { guard: "isNotPaused", actions: "pause", description: "It will be paused once all stores are back." },
        resume: { guard: "isPaused", actions: "resume", description: "It will be active once all stores are back." },
        storeLost: loses,
        storeBack: [
          {
            guard: "lastStoreOfActive",
            target: "active",
            actions: "regainStore",
            description: "All stores are back, and nobody has paused it."
          },
          {
            guard: "lastStoreOfPaused",
            target: "paused",
            actions: "regainStore",
            description: "All stores are back, and it was paused."
          },
          { actions: "regainStore", description: "Another store is away still." }
        ]
      }
    },
    draining: {
      description:
        "Claims nothing more and takes no command; runs under way end, outcomes are committed, all is closed.",
      tags: ["answers"],
      on: {
        drained: { target: "stopped", description: "Nothing runs, nothing waits for its commit, and all is closed." },
        failed: { actions: "fail", description: "It cannot end in good order." },
        storeLost: loses,
        storeBack: regains
      }
    },
    stopped: { description: "It has ended, and does not begin again.", tags: ["terminal"], type: "final" }
  }
})
