/** How full an executor is. Knows numbers only: no run, no task, no clock. Orders come and go in batches. */
import { assign, setup } from "xstate"

/** What an executor can hold. */
export interface ExecutorInput {
  /** Slots; at least 1. */
  readonly concurrency: number
  /** Places for orders that wait for a slot; 0 or more. */
  readonly queue: number
}

/** How much of it is taken. */
export interface ExecutorContext extends ExecutorInput {
  /** Orders that run or wait here; at most `concurrency + queue`. */
  readonly inFlight: number
}

/** Orders came or went, several at once; nothing new is claimed for it; or nothing can come any more. */
export type ExecutorEvent = OrdersEvent | { readonly type: "drain" } | { readonly type: "closed" } | OrderEvent

/** What an inspected job orders: one attempt. It counts with the others, in `submitted`. */
interface OrderEvent {
  readonly type: "order"
  /** The job that ordered it. */
  readonly jobId: string
  /** The run that the attempt is of. */
  readonly runId: string
  /** The first is 1. */
  readonly attempt: number
}

interface OrdersEvent {
  /** Whether they came or have ended. */
  readonly type: "submitted" | "settled"
  /** How many, at least 1. */
  readonly count: number
}

interface Step {
  readonly context: ExecutorContext
  readonly event: ExecutorEvent
}

/** How many there are after the event. */
const inFlightAfter = ({ context, event }: Step): number =>
  event.type === "submitted"
    ? context.inFlight + event.count
    : event.type === "settled"
      ? Math.max(0, context.inFlight - event.count)
      : context.inFlight

const capacityOf = ({ concurrency, queue }: ExecutorInput): number => concurrency + queue

// An order too many has no transition: the engine asks for room first, so it is a bug, not a lost run.
const take = [
  { guard: "fits", target: "busy", actions: "count", description: "Orders came, and there is room for more." },
  { guard: "fills", target: "saturated", actions: "count", description: "Orders came, and the last place is taken." }
] as const

const release = [
  { guard: "empties", target: "idle", actions: "count", description: "The last of them have ended." },
  { target: "busy", actions: "count", description: "Some of them have ended." }
] as const

const drains = { target: "draining", description: "Nothing new is claimed for it." } as const

/** idle → busy → saturated → draining → stopped, by how many orders there are. */
export const executorMachine = setup({
  types: {
    input: {} as ExecutorInput,
    context: {} as ExecutorContext,
    events: {} as ExecutorEvent,
    tags: {} as "needs-a-look" | "terminal"
  },
  guards: {
    fits: (step) => inFlightAfter(step) < capacityOf(step.context),
    fills: (step) => inFlightAfter(step) === capacityOf(step.context),
    hasRoom: (step) => inFlightAfter(step) <= capacityOf(step.context),
    empties: (step) => inFlightAfter(step) === 0,
    isEmpty: ({ context }) => context.inFlight === 0
  },
  actions: {
    count: assign({ inFlight: inFlightAfter })
  }
}).createMachine({
  id: "executor",
  description: "How full an executor is. It shows what the engine counts, in batches; it admits nothing itself.",
  initial: "idle",
  on: {
    order: {
      description:
        "A job orders an attempt; only inspected jobs tell it. Nothing follows: it counts with the others, in `submitted`."
    }
  },
  context: ({ input }) => ({ concurrency: input.concurrency, queue: input.queue, inFlight: 0 }),
  states: {
    idle: {
      description: "Nothing runs.",
      on: { submitted: take, drain: drains }
    },
    busy: {
      description: "Something runs, and there is room for more.",
      on: { submitted: take, settled: release, drain: drains }
    },
    saturated: {
      description: "Every slot and every place in the queue is taken.",
      tags: ["needs-a-look"],
      on: { settled: release, drain: drains }
    },
    draining: {
      description:
        "Nothing new is claimed for it. What is here ends in its own time, and what was claimed before may come.",
      on: {
        submitted: { guard: "hasRoom", actions: "count", description: "Orders came that were claimed before." },
        settled: { actions: "count", description: "Some have ended." },
        closed: {
          guard: "isEmpty",
          target: "stopped",
          description: "It is closed: nothing can come, and nothing runs."
        }
      }
    },
    stopped: { description: "It takes nothing, and nothing runs.", tags: ["terminal"], type: "final" }
  }
})
