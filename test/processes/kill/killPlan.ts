/** What the killed scheduler does: jobs of every policy, drawn from a seed. Known to the child, which runs them, and to whoever checks. */
import type { JobOptions } from "../../../src/index.ts"

/** The same numbers for the same seed, in [0, 1): https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const pick = <A>(random: () => number, choices: ReadonlyArray<A>): A => {
  const choice = choices[Math.floor(random() * choices.length)]
  if (choice === undefined) throw new Error("nothing to pick from")
  return choice
}

export const taskNames = ["quick", "slow", "flaky"] as const
export type TaskName = (typeof taskNames)[number] | MachineKind

export interface PlannedJob {
  readonly id: string
  readonly task: TaskName
  readonly everyMs: number
  readonly rules: JobOptions
}

/** A job of random rules. Ids that begin with `p` may be paused, those with `d` or `p` come and go, the others stay. */
export const plannedJob = (id: string, random: () => number): PlannedJob => {
  // Each missed fire time is made up, so they must come slower than they are served.
  const all = random() < 0.15
  const task = all ? "quick" : pick(random, taskNames)
  const attempts = pick(random, [1, 1, 2, 3])
  return {
    id,
    task,
    everyMs: all ? pick(random, [150, 250]) : pick(random, [5, 7, 11, 20, 33, 50]),
    rules: {
      coalesce: all ? "all" : pick(random, ["latest", "latest", "earliest"]),
      overlap: pick(random, ["skip", "queue-one", "queue-all", "cancel-running"]),
      maxInstances: pick(random, [1, 1, 2, 3]),
      onInterrupted: pick(random, ["rerun", "rerun", "skip"]),
      ...(random() < 0.3 ? { misfireGrace: pick(random, [40, 400]) } : {}),
      ...(attempts > 1 ? { retry: { attempts, backoff: pick(random, [5, 40]) } } : {}),
      ...(random() < 0.3 ? { timeout: 60 } : {})
    }
  }
}

/** The jobs of life `life`. The one that waits long comes late: a world of a few kills would end with its waits. */
export const standingJobs = (seed: number, life: number): ReadonlyArray<PlannedJob> => {
  const random = randomFrom(seed)
  const jobs = Array.from({ length: 10 }, (_, index) => plannedJob(`s${index}`, random))
  const { steps, waits } = machines
  const machineJobs: ReadonlyArray<PlannedJob> = [
    { id: "m0", task: "steps", everyMs: 40, rules: { coalesce: "latest", maxInstances: steps.maxInstances } },
    { id: "m1", task: "waits", everyMs: 800, rules: { coalesce: "latest", maxInstances: waits.maxInstances } }
  ]
  return [...jobs, ...machineJobs.filter(({ task }) => task === "steps" || life >= 6)]
}

/** Tasks that are machines: how many steps they have, and after which they wait, so long that their slot is free meanwhile. */
export const machines = {
  steps: { stepCount: 8, waitAfter: null, waitMs: 0, maxInstances: 2 },
  waits: { stepCount: 3, waitAfter: 0, waitMs: 5_200, maxInstances: 20 }
} as const

export type MachineKind = keyof typeof machines

export const isMachine = (task: string): task is MachineKind => task in machines

export const passingIds = ["d0", "d1", "d2", "p0", "p1"] as const

/** The outside ledger, that of a machine's steps and the database, in the directory of one world. */
export const files = (directory: string) => ({
  ledger: `${directory}/ledger.jsonl`,
  steps: `${directory}/steps.jsonl`,
  database: `${directory}/jobs.db`
})
