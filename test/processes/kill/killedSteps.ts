/**
 * A task that is a machine of several steps: each writes when it begins and when it is through. After a kill the next attempt goes on: no
 * step is left out, and none that is far behind comes again.
 */
import { existsSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { assign, fromPromise, setup } from "xstate"
import type { TaskContext } from "../../../src/index.ts"
import { stepCount } from "./killPlan.ts"

/** What a step tells. */
export interface StepLine {
  readonly kind: "begin" | "through"
  readonly runId: string
  readonly attempt: number
  /** The first is 0. */
  readonly step: number
}

/** The machine of one attempt; `ended` is called when it is at its end. */
export const stepsMachine = ({ runId, attempt }: TaskContext, write: (line: StepLine) => void, ended: () => void) =>
  setup({
    types: { context: {} as { readonly step: number } },
    actors: {
      step: fromPromise(async ({ input: step }: { input: number }) => {
        write({ kind: "begin", runId, attempt, step })
        await sleep(5)
        write({ kind: "through", runId, attempt, step })
      })
    },
    guards: { last: ({ context }) => context.step === stepCount - 1 }
  }).createMachine({
    context: { step: 0 },
    initial: "working",
    states: {
      working: {
        invoke: {
          src: "step",
          input: ({ context }) => context.step,
          onDone: [
            { guard: "last", target: "over" },
            { target: "working", reenter: true, actions: assign({ step: ({ context }) => context.step + 1 }) }
          ]
        }
      },
      over: { type: "final", entry: ended }
    },
    output: ({ context }) => context.step + 1
  })

/** What the lines of all lives say: how many attempts went on in the middle, and what must not be, one sentence each. */
export const checkSteps = (
  filename: string
): { readonly wentOn: number; readonly violations: ReadonlyArray<string> } => {
  const lines = existsSync(filename)
    ? readFileSync(filename, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : []
  const runs = new Map<string, RunSteps>()
  const violations: Array<string> = []
  let wentOn = 0
  for (const line of lines.map((text) => JSON.parse(text) as StepLine)) {
    const { kind, runId, attempt, step } = line
    const run = runs.get(runId) ?? { attempt: 0, step: -1, through: -1 }
    runs.set(runId, run)
    if (kind === "through") run.through = Math.max(run.through, step)
    else {
      const anew = attempt !== run.attempt
      if (step > run.through + 1) violations.push(`run ${runId}: attempt ${attempt} left out step ${run.through + 1}`)
      if (!anew && step !== run.step + 1)
        violations.push(`run ${runId}: step ${step} of attempt ${attempt} after ${run.step}`)
      if (anew && step > 0) wentOn += 1
      Object.assign(run, { attempt, step })
    }
  }
  return { wentOn, violations }
}

interface RunSteps {
  attempt: number
  step: number
  /** The latest step that was through. */
  through: number
}
