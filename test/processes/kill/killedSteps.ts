/**
 * Tasks that are machines of several steps: each step writes when it begins and when it is through, before it is saved. After a kill the next attempt
 * goes on: no step that is on disk is taken again, none is left out, and a long wait is over when it was to be, whoever has died meanwhile.
 */
import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import Database from "better-sqlite3"
import { assign, fromPromise, setup } from "xstate"
import type { TaskContext } from "../../../src/index.ts"
import type { RunRow } from "../../../src/store/jobStore.ts"
import type { MachineKind } from "./killPlan.ts"
import { machines } from "./killPlan.ts"

/** What a step tells. */
export interface StepLine {
  readonly kind: "begin" | "through"
  readonly runId: string
  readonly attempt: number
  /** The first is 0. */
  readonly step: number
  /** Wall time. */
  readonly at: number
}

/** What is on disk of a run when its process has been killed: all steps before this one are saved. */
interface SavedLine {
  readonly kind: "saved"
  readonly runId: string
  readonly step: number
}

/** The machine of one attempt; `ended` is called when it is at its end. */
export const stepsMachine = (
  kind: MachineKind,
  { runId, attempt }: TaskContext,
  write: (line: StepLine) => void,
  ended: () => void
) => {
  const { stepCount, waitAfter, waitMs } = machines[kind]
  return setup({
    types: { context: {} as { readonly step: number } },
    actors: {
      step: fromPromise(async ({ input: step }: { input: number }) => {
        write({ kind: "begin", runId, attempt, step, at: Date.now() })
        await sleep(5)
        write({ kind: "through", runId, attempt, step, at: Date.now() })
      })
    },
    delays: { long: waitMs },
    guards: {
      last: ({ context }) => context.step === stepCount - 1,
      waits: ({ context }) => context.step === waitAfter
    },
    actions: { next: assign({ step: ({ context }) => context.step + 1 }) }
  }).createMachine({
    context: { step: 0 },
    initial: "working",
    states: {
      working: {
        invoke: {
          src: "step",
          input: ({ context }) => context.step,
          onDone: [
            { guard: "last", target: "over", actions: "next" },
            { guard: "waits", target: "waiting", actions: "next" },
            { target: "working", reenter: true, actions: "next" }
          ]
        }
      },
      waiting: { after: { long: "working" } },
      over: { type: "final", entry: ended }
    },
    output: ({ context }) => context.step
  })
}

/**
 * Adds to the lines what is on disk of machines, while nobody is there. Read from a copy: a file that was cut off in a rollback must be written
 * before it can be read, and is the next life's to mend. The very first kills may come before there is a table.
 */
export const noteSaved = (filename: string, database: string): void => {
  if (!existsSync(database)) return
  const copy = `${database}.look`
  const files = ["", "-wal", "-journal"]
  for (const suffix of files) if (existsSync(database + suffix)) copyFileSync(database + suffix, copy + suffix)
  const open = new Database(copy)
  try {
    if (open.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'checkpoints'").get() === undefined) return
    const rows = open.prepare<[], { key: number; text: string }>("SELECT run_key AS key, text FROM checkpoints").all()
    const lines = rows.map(({ key, text }): SavedLine => {
      const { snapshot } = JSON.parse(text) as { readonly snapshot: { readonly context: { readonly step: number } } }
      return { kind: "saved", runId: String(key), step: snapshot.context.step }
    })
    appendFileSync(filename, lines.map((line) => `${JSON.stringify(line)}\n`).join(""))
  } finally {
    open.close()
    for (const suffix of [...files, "-shm"]) rmSync(copy + suffix, { force: true })
  }
}

export interface StepsTaken {
  /** Attempts that went on in the middle. */
  readonly wentOn: number
  /** Saved steps that were found after kills. */
  readonly saved: number
  /** Long waits after which a later attempt went on. */
  readonly waited: number
  /** What must not be, one sentence each. */
  readonly violations: ReadonlyArray<string>
}

/** What the lines of all lives say, of runs of machines by their kind. */
export const checkSteps = (filename: string, kindOf: (runId: string) => MachineKind | undefined): StepsTaken => {
  const runs = new Map<string, RunSteps>()
  const violations: Array<string> = []
  const counts = { wentOn: 0, saved: 0, waited: 0 }
  for (const line of linesOf(filename)) {
    const { kind, runId, step } = line
    const run = runs.get(runId) ?? { attempt: 0, step: -1, through: -1, waitsSince: 0, saved: 0 }
    runs.set(runId, run)
    const { waitAfter, waitMs } = machines[kindOf(runId) ?? "steps"]
    if (kind === "saved") {
      counts.saved += step > run.saved ? 1 : 0
      run.saved = Math.max(run.saved, step)
      continue
    }
    const { attempt, at } = line
    if (kind === "through") {
      // What comes after the wait may be taken twice, and the second time comes at once.
      if (step > run.through) Object.assign(run, { through: step, ...(step === waitAfter ? { waitsSince: at } : {}) })
      continue
    }
    const anew = attempt !== run.attempt
    const what = `run ${runId}: attempt ${attempt}`
    if (step < run.saved) violations.push(`${what} takes step ${step} again, ${run.saved} steps were on disk`)
    if (step > run.through + 1) violations.push(`${what} left out step ${run.through + 1}`)
    if (!anew && step !== run.step + 1) violations.push(`${what} takes step ${step} after ${run.step}`)
    if (waitAfter !== null && step === waitAfter + 1) {
      if (at < run.waitsSince + waitMs) violations.push(`${what} went on after ${at - run.waitsSince} of ${waitMs} ms`)
      counts.waited += anew ? 1 : 0
    }
    if (anew && step > 0) counts.wentOn += 1
    Object.assign(run, { attempt, step })
  }
  return { ...counts, violations }
}

interface RunSteps {
  attempt: number
  step: number
  /** The latest step that was through. */
  through: number
  /** When the step before the long wait was first through. */
  waitsSince: number
  /** So many steps were on disk after a kill. */
  saved: number
}

/**
 * Machines that did not come to their final state, one sentence each. A run may be unfinished that the last life has claimed, and may end as
 * interrupted where its job was parked for three kills in a row: `parkings` of its job, with so many runs each at the most.
 */
export const checkEnds = (
  runs: ReadonlyArray<RunRow>,
  kindOf: (runId: string) => MachineKind | undefined,
  lastLifeAt: number,
  parkings: (jobId: string) => number
): ReadonlyArray<string> => {
  const violations: Array<string> = []
  const interrupted = new Map<string, number>()
  for (const { runKey, jobId, outcome, result, claimedAt } of runs) {
    const kind = kindOf(String(runKey))
    if (kind === undefined || (outcome === null && claimedAt >= lastLifeAt)) continue
    if (outcome === "interrupted") interrupted.set(jobId, (interrupted.get(jobId) ?? 0) + 1)
    else if (outcome !== "succeeded" || result !== String(machines[kind].stepCount))
      violations.push(`run ${runKey} has ${outcome} with ${result}, expected are ${machines[kind].stepCount} steps`)
  }
  for (const [jobId, count] of interrupted)
    if (count > parkings(jobId) * mostInstances)
      violations.push(`${count} runs of ${jobId} ended as interrupted, it was parked ${parkings(jobId)} times`)
  return violations
}

const mostInstances = Math.max(...Object.values(machines).map(({ maxInstances }) => maxInstances))

const linesOf = (filename: string): ReadonlyArray<StepLine | SavedLine> =>
  existsSync(filename)
    ? readFileSync(filename, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((text) => JSON.parse(text) as StepLine | SavedLine)
    : []
