/** The life of a scheduler: whether it claims runs, and why not. Holds no job; no clock, no I/O: the engine tells it what happened. */
import { assign, setup } from "xstate"
import type { Outcome } from "../src/job/run.ts"

/** What it claims nothing for. */
export interface SchedulerContext {
  /** Whether a caller paused it; kept while degraded, which ends where this says. */
  readonly paused: boolean
  /** The names of the stores that are away. */
  readonly lost: ReadonlyArray<string>
  /** What the store lost last said, or why the scheduler stopped; `null` while all is well. */
  readonly reason: string | null
}

/** What happens to a scheduler. */
export type SchedulerEvent =
  /** Stores are open, orphans are resolved. */
  | { readonly type: "started" }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** A store does not answer. */
  | StoreLostEvent
  | StoreBackEvent
  /** Shut down: claim nothing more, let runs end. */
  | { readonly type: "drain" }
  /** Nothing runs and nothing waits for its commit. */
  | { readonly type: "drained" }
  /** It cannot start, or cannot go on. */
  | FailedEvent
  | JobSettledEvent

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

/** What an inspected job reports. It changes nothing: the engine has it from the commit. */
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

const remaining = (context: SchedulerContext, event: SchedulerEvent): ReadonlyArray<string> =>
  event.type === "storeBack" ? context.lost.filter((store) => store !== event.store) : context.lost

const schedulerSetup = setup({
  types: {
    context: {} as SchedulerContext,
    events: {} as SchedulerEvent,
    tags: {} as "claims" | "needs-a-look" | "terminal"
  },
  guards: {
    storesAway: ({ context }) => context.lost.length > 0,
    lastStoreOfActive: ({ context, event }) => !context.paused && remaining(context, event).length === 0,
    lastStoreOfPaused: ({ context, event }) => context.paused && remaining(context, event).length === 0,
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
    fail: assign(({ event }) => (event.type === "failed" ? { reason: event.reason } : {}))
  }
})

const ending = {
  drain: { target: "draining", description: "A shutdown is asked for." },
  failed: { target: "stopped", actions: "fail", description: "It cannot start, or cannot go on." }
} as const

const loses = { actions: "loseStore", description: "One more store is away." } as const

/** starting → active ⇄ paused → draining → stopped; degraded while a store is away. */
export const schedulerMachine = schedulerSetup.createMachine({
  id: "scheduler",
  description: "Whether the scheduler claims runs, and why not.",
  initial: "starting",
  context: { paused: false, lost: [], reason: null },
  on: {
    jobSettled: { description: "A job tells that an attempt of it has ended. It shows who told; nothing follows." }
  },
  states: {
    starting: {
      description: "Opens stores and executors, resolves what the last owner left behind. Claims nothing.",
      on: {
        ...ending,
        started: [
          { guard: "storesAway", target: "degraded", description: "A store that was opened is away again." },
          { target: "active", description: "Stores are open, what was left behind is resolved." }
        ],
        storeLost: loses,
        storeBack: { actions: "regainStore", description: "A store answers again." }
      }
    },
    active: {
      description: "Claims what is due.",
      tags: ["claims"],
      on: {
        ...ending,
        pause: { target: "paused", actions: "pause", description: "Claims nothing from now on." },
        storeLost: { ...loses, target: "degraded" }
      }
    },
    paused: {
      description: "Claims nothing until it is resumed; runs under way go on.",
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
      tags: ["needs-a-look"],
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
      description: "Claims nothing more; runs under way end, outcomes are committed.",
      on: {
        drained: { target: "stopped", description: "Nothing runs, and nothing waits for its commit." },
        failed: { target: "stopped", actions: "fail", description: "It could not end in good order." },
        storeLost: loses,
        storeBack: { actions: "regainStore", description: "A store answers again." }
      }
    },
    stopped: { description: "It has ended, and does not begin again.", tags: ["terminal"], type: "final" }
  }
})
