/**
 * Durable machines: how many steps a second machines take that are saved at every step, with SQLite synced at each commit, and what the
 * same steps take when none is saved. Each machine is 20 promises, one after the other.
 */
import { join } from "node:path"
import { createScheduler, date, inProcess, task } from "carillon"
import { sqlite } from "carillon/sqlite"
import { assign, fromPromise, setup } from "xstate"
import type { BenchSettings, Figure } from "./figure.ts"
import { figure } from "./figure.ts"
import { inDirectory, median, meter, perSecond } from "./meter.ts"
import type { Taken } from "./meter.ts"

const steps = 20

const machine = setup({
  types: { context: {} as { readonly step: number } },
  actors: { work: fromPromise(() => Promise.resolve()) },
  guards: { last: ({ context }) => context.step === steps - 1 }
}).createMachine({
  context: { step: 0 },
  initial: "working",
  states: {
    working: {
      invoke: {
        src: "work",
        onDone: [
          { guard: "last", target: "over" },
          { target: "working", reenter: true, actions: assign({ step: ({ context }) => context.step + 1 }) }
        ]
      }
    },
    over: { type: "final" }
  }
})

export const measure = ({ scale, rounds }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const [saved, unsaved]: [Array<Taken>, Array<Taken>] = [[], []]
    const runs = Math.max(10, Math.round(2_000 * scale))
    for (let round = 0; round < rounds; round++) {
      saved.push(await stepsTaken(join(directory, `saved-${round}.db`), runs, "every-step"))
      unsaved.push(await stepsTaken(join(directory, `unsaved-${round}.db`), runs, "never"))
    }
    const rate = (taken: ReadonlyArray<Taken>): number => median(taken.map(({ ms }) => perSecond(runs * steps, ms)))
    const cpu = (taken: ReadonlyArray<Taken>): number =>
      median(taken.map(({ cpuMicros }) => cpuMicros / (runs * steps)))
    return [
      figure({
        name: `machines, ${runs.toLocaleString("en")} of ${steps} steps, every step saved`,
        unit: "steps/s",
        value: rate(saved),
        beside: { name: "none saved", value: rate(unsaved), cpuMicros: cpu(unsaved) },
        cpuMicros: cpu(saved)
      })
    ]
  })

/** All at once, so that steps of many runs share commits. */
const stepsTaken = async (filename: string, runs: number, checkpoint: "every-step" | "never"): Promise<Taken> => {
  const scheduler = createScheduler({
    tasks: [task("machine", machine, { checkpoint })],
    store: sqlite({ filename }),
    executors: { default: inProcess({ concurrency: 1_024 }) }
  })
  await scheduler.start({ paused: true })
  const due = date(Date.now())
  await scheduler.addJobs(Array.from({ length: runs }, (_, n) => ({ id: `job-${n}`, task: "machine", trigger: due })))
  let left = runs
  const over = new Promise<void>((resolve) => scheduler.on("RunSucceeded", () => (left -= 1) === 0 && resolve()))
  const taken = meter()
  scheduler.resume()
  await over
  const took = taken()
  await scheduler.shutdown()
  return took
}
