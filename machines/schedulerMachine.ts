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
  types: { context: {} as SchedulerContext, events: {} as SchedulerEvent },
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

const ending = { drain: "draining", failed: { target: "stopped", actions: "fail" } } as const

/** starting → active ⇄ paused → draining → stopped; degraded while a store is away. */
export const schedulerMachine = schedulerSetup.createMachine({
  id: "scheduler",
  initial: "starting",
  context: { paused: false, lost: [], reason: null },
  on: { jobSettled: {} },
  states: {
    /** Opens stores and executors, resolves what the last owner left behind. Claims nothing. */
    starting: {
      on: {
        ...ending,
        started: [{ guard: "storesAway", target: "degraded" }, { target: "active" }],
        storeLost: { actions: "loseStore" },
        storeBack: { actions: "regainStore" }
      }
    },
    /** Claims what is due. */
    active: {
      on: {
        ...ending,
        pause: { target: "paused", actions: "pause" },
        storeLost: { target: "degraded", actions: "loseStore" }
      }
    },
    /** Claims nothing until it is resumed; runs under way go on. */
    paused: {
      on: {
        ...ending,
        resume: { target: "active", actions: "resume" },
        storeLost: { target: "degraded", actions: "loseStore" }
      }
    },
    /** A store is away: nothing new of it is claimed, its outcomes wait in memory; others go on. Pausing and resuming say where it ends. */
    degraded: {
      on: {
        ...ending,
        pause: { guard: "isNotPaused", actions: "pause" },
        resume: { guard: "isPaused", actions: "resume" },
        storeLost: { actions: "loseStore" },
        storeBack: [
          { guard: "lastStoreOfActive", target: "active", actions: "regainStore" },
          { guard: "lastStoreOfPaused", target: "paused", actions: "regainStore" },
          { actions: "regainStore" }
        ]
      }
    },
    /** Claims nothing more; runs under way end, outcomes are committed. */
    draining: {
      on: {
        drained: "stopped",
        failed: { target: "stopped", actions: "fail" },
        storeLost: { actions: "loseStore" },
        storeBack: { actions: "regainStore" }
      }
    },
    stopped: { type: "final" }
  }
})
