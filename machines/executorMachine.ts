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

/** Orders came or went, several at once, or no more will come. */
export type ExecutorEvent = OrdersEvent | { readonly type: "drain" } | OrderEvent

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
  { guard: "fits", target: "busy", actions: "count" },
  { guard: "fills", target: "saturated", actions: "count" }
] as const

const release = [
  { guard: "empties", target: "idle", actions: "count" },
  { target: "busy", actions: "count" }
] as const

/** idle → busy → saturated → draining → stopped, by how many orders there are. */
export const executorMachine = setup({
  types: { input: {} as ExecutorInput, context: {} as ExecutorContext, events: {} as ExecutorEvent },
  guards: {
    fits: (step) => inFlightAfter(step) < capacityOf(step.context),
    fills: (step) => inFlightAfter(step) === capacityOf(step.context),
    empties: (step) => inFlightAfter(step) === 0
  },
  actions: {
    count: assign({ inFlight: inFlightAfter })
  }
}).createMachine({
  id: "executor",
  initial: "idle",
  on: { order: {} },
  context: ({ input }) => ({ concurrency: input.concurrency, queue: input.queue, inFlight: 0 }),
  states: {
    /** Nothing runs. */
    idle: { on: { submitted: take, drain: "stopped" } },
    /** Something runs, and there is room for more. */
    busy: { on: { submitted: take, settled: release, drain: "draining" } },
    /** Every slot and every place in the queue is taken. */
    saturated: { on: { settled: release, drain: "draining" } },
    /** Takes nothing more; what is here ends in its own time. */
    draining: {
      on: { settled: [{ guard: "empties", target: "stopped", actions: "count" }, { actions: "count" }] }
    },
    stopped: { type: "final" }
  }
})
