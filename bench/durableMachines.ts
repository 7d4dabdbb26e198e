/**
 * Durable machines: how many steps a second machines take that are saved at every step, with SQLite synced at each commit, and what the
 * same steps take when none is saved. Each machine is 20 promises, one after the other. Then 100,000 machines that wait for an event: what
 * they take in memory, and what it costs to wake one by `sendToRun`.
 */
import { join } from "node:path"
import { createScheduler, date, inProcess, task } from "carillon"
import { sqlite } from "carillon/sqlite"
import { assign, createMachine, fromPromise, setup } from "xstate"
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
      }),
      ...(await waitingMachines(join(directory, "waiting.db"), Math.max(100, Math.round(100_000 * scale))))
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

/** Waits for one event. */
const waiting = createMachine({
  initial: "ordered",
  states: { ordered: { on: { paid: "settled" } }, settled: { type: "final" } }
})

const waitingMachines = async (filename: string, count: number): Promise<ReadonlyArray<Figure>> => {
  const scheduler = createScheduler({
    tasks: [task("waiting", waiting)],
    store: sqlite({ filename }),
    executors: { default: inProcess({ concurrency: 256, queue: 0 }) }
  })
  await scheduler.start()
  const heapBefore = heapBytes()
  let left = count
  const runIds: Array<string> = []
  const allWait = new Promise<void>((resolve) => {
    scheduler.on("RunRetryDue", ({ runId }) => {
      runIds.push(runId)
      if ((left -= 1) === 0) resolve()
    })
  })
  const due = date(Date.now())
  const started = meter()
  await scheduler.addJobs(Array.from({ length: count }, (_, n) => ({ id: `job-${n}`, task: "waiting", trigger: due })))
  await allWait
  const { ms: startedMs } = started()
  const heldBytes = heapBytes() - heapBefore
  const woken = runIds.slice(0, Math.min(count, 5_000))
  let unended = woken.length
  const allOver = new Promise<void>((resolve) => {
    scheduler.on("RunSucceeded", () => {
      if ((unended -= 1) === 0) resolve()
    })
  })
  const taken = meter()
  await Promise.all(woken.map((runId) => scheduler.sendToRun(runId, { type: "paid" })))
  await allOver
  const { ms, cpuMicros } = taken()
  await scheduler.shutdown()
  const many = `${count.toLocaleString("en")} machines that wait for an event`
  return [
    figure({ name: `${many}: begun, saved and waiting`, unit: "machines/s", value: perSecond(count, startedMs) }),
    figure({ name: `${many}: heap for each`, unit: "bytes", value: heldBytes / count }),
    figure({
      name: `${many}: sent one, to its end, ${woken.length.toLocaleString("en")} at once`,
      unit: "machines/s",
      value: perSecond(woken.length, ms),
      cpuMicros: cpuMicros / woken.length
    })
  ]
}

/** After a collection, where the process may ask for one. */
const heapBytes = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
