/** The task of a simulated world that is a machine: a list of steps, each a piece of work or a wait, that are saved as it goes. */
import { assign, fromPromise, setup } from "xstate"
import { task } from "../../src/index.ts"
import type { AnyTask } from "../../src/index.ts"
import type { VirtualClock } from "../../src/testing.ts"
import type { Definition, StepPlan } from "./plan.ts"
import type { eventOf } from "./modelMessages.ts"
import { Random } from "./random.ts"
import { argumentsIn } from "./simulatedArguments.ts"
import { Named, reasonOf } from "./tasksOf.ts"
import type { AttemptAbout, Seen } from "./tasksOf.ts"

/** What the world hears of an attempt of a machine. */
export interface SeenMachine extends Seen {
  /** A piece of work is begun, or begun again; a wait only when it begins: when it is restored, nothing is called. */
  takes(step: number, plan: StepPlan): void
  /** A step is over. */
  through(step: number): void
  /** It is given an event. */
  hears(event: number): void
}

export interface MachineWatch {
  start(about: AttemptAbout): SeenMachine | null
}

export const steppingTask = (
  definitions: ReadonlyArray<Definition>,
  clock: VirtualClock,
  watch: MachineWatch
): AnyTask =>
  task(
    "stepping",
    (context) => {
      const { jobId, runId, fireAt, attempt, args } = context
      const seen = watch.start({ jobId, runId, fireAt, attempt, args })
      if (seen === null) return new Promise<null>(() => undefined)
      const { definition: defined } = argumentsIn(args)
      const steps = definitions.find(({ number }) => number === defined)?.steps ?? []
      context.signal.addEventListener("abort", () => seen.aborted(reasonOf(context)))
      const fails = (step: number): boolean => new Random(fireAt / 1000 + attempt * 7919 + step * 104_729).chance(0.6)
      return stepping(steps, clock, seen, fails)
    },
    { checkpoint: "every-step" }
  )

/** The context of the machine. */
export interface At {
  readonly step: number
  /** The events that it has been given. */
  readonly heard: ReadonlyArray<number>
}

const nothing: StepPlan = { does: "work", ms: 0 }

/** What it was to hear has come. */
const heard = { target: "next", actions: ["hear", "hears", "through", "next"] } as const

const stepping = (
  steps: ReadonlyArray<StepPlan>,
  clock: VirtualClock,
  seen: Seen & SeenMachine,
  fails: (step: number) => boolean
) => {
  const planOf = (step: number): StepPlan => steps[step] ?? nothing
  return setup({
    types: { context: {} as At, events: {} as ReturnType<typeof eventOf> },
    actors: {
      work: fromPromise(async ({ input: step, signal }: { input: number; signal: AbortSignal }) => {
        const plan = planOf(step)
        seen.takes(step, plan)
        if (plan.ms !== null && plan.ms > 0) await clock.wait(plan.ms)
        if (plan.does !== "fail" || !fails(step) || signal.aborted) return
        seen.ended("threw", plan.error)
        throw new Named(plan.error)
      })
    },
    delays: { wait: ({ context: { step } }) => planOf(step).ms ?? Infinity },
    guards: {
      over: ({ context: { step } }) => step >= steps.length,
      waits: ({ context: { step } }) => planOf(step).does === "wait",
      hears: ({ context: { step } }) => planOf(step).does === "hear" && planOf(step).ms === null,
      hearsAtMost: ({ context: { step } }) => planOf(step).does === "hear"
    },
    actions: {
      through: ({ context: { step } }) => seen.through(step),
      next: assign({ step: ({ context: { step } }) => step + 1 }),
      begins: ({ context: { step } }) => seen.takes(step, planOf(step)),
      hear: assign({ heard: ({ context: { heard }, event }) => ("event" in event ? [...heard, event.event] : heard) }),
      hears: ({ event }) => ("event" in event ? seen.hears(event.event) : undefined)
    }
  }).createMachine({
    id: "stepping",
    context: { step: 0, heard: [] },
    initial: "next",
    on: { sent: { actions: ["hear", "hears"] } },
    states: {
      next: {
        always: [
          { guard: "over", target: "over" },
          { guard: "waits", target: "waiting" },
          { guard: "hears", target: "hearing" },
          { guard: "hearsAtMost", target: "hearingAtMost" },
          "working"
        ]
      },
      working: {
        invoke: {
          src: "work",
          input: ({ context: { step } }) => step,
          onDone: { target: "next", actions: ["through", "next"] }
        }
      },
      waiting: { entry: "begins", after: { wait: { target: "next", actions: ["through", "next"] } } },
      hearing: { entry: "begins", on: { sent: heard } },
      hearingAtMost: {
        entry: "begins",
        on: { sent: heard },
        after: { wait: { target: "next", actions: ["through", "next"] } }
      },
      over: { type: "final", entry: ({ context: { step } }) => seen.ended("returned", JSON.stringify(step)) }
    },
    output: ({ context: { step } }) => step
  })
}
