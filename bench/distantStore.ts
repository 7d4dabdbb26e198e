/**
 * A store on another host: memory, and every call takes 3 ms more. Jobs that are all due at once run from first to last; what counts is how
 * many calls a commit needs and how many runs share one. Beside it, in alternating rounds, the same memory store without the way there.
 */
import type { JobStore, OpenStore, StoreReads } from "carillon"
import { createScheduler, date, memory, task } from "carillon"
import { Effect } from "effect"
import type { BenchSettings, Figure } from "./figure.ts"
import { atLeast, atMost, figure } from "./figure.ts"
import { median, meter, perSecond } from "./meter.ts"

const wayMs = 3

export const measure = async ({ scale, rounds }: BenchSettings): Promise<ReadonlyArray<Figure>> => {
  const jobs = Math.round(30_000 * scale)
  const [distant, near]: [Array<Served>, Array<Served>] = [[], []]
  await serve(jobs, wayMs)
  for (let round = 0; round < rounds; round++) {
    distant.push(await serve(jobs, wayMs))
    near.push(await serve(jobs, 0))
  }
  return [
    figure({
      name: `a store ${wayMs} ms away, jobs due at once`,
      unit: "runs/s",
      value: median(distant.map(({ ms }) => perSecond(jobs, ms))),
      target: atLeast(30_000),
      beside: { name: "0 ms away", value: median(near.map(({ ms }) => perSecond(jobs, ms))) },
      cpuMicros: median(distant.map(({ cpuMicros }) => cpuMicros / jobs))
    }),
    figure({
      name: "its calls a commit",
      unit: "calls",
      value: median(distant.map(({ calls, commits }) => calls / commits)),
      // What is due and the commit; a last look finds nothing.
      target: atMost(2.1)
    })
  ]
}

interface Served {
  readonly ms: number
  readonly cpuMicros: number
  readonly calls: number
  readonly commits: number
}

/** From `resume` to the last run. */
const serve = async (jobs: number, ms: number): Promise<Served> => {
  const counted = { calls: 0, commits: 0 }
  let ran = 0
  let allRan = (): void => undefined
  const done = new Promise<void>((resolve) => (allRan = resolve))
  const noop = task("noop", () => {
    ran += 1
    if (ran === jobs) allRan()
  })
  const scheduler = createScheduler({ tasks: [noop], store: away(memory(), ms, counted) })
  await scheduler.start({ paused: true })
  const trigger = date(Date.now())
  await scheduler.addJobs(Array.from({ length: jobs }, (_, index) => ({ id: `job-${index}`, task: noop, trigger })))
  counted.calls = 0
  counted.commits = 0
  const taken = meter()
  scheduler.resume()
  await done
  const result = taken()
  const { calls, commits } = counted
  await scheduler.shutdown()
  return { ...result, calls, commits }
}

const away = (inner: JobStore, ms: number, counted: { calls: number; commits: number }): JobStore => {
  const through = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    counted.calls += 1
    return ms === 0 ? call : Effect.delay(call, ms)
  }
  const reads = (open: StoreReads): StoreReads => ({
    jobs: (lookup) => through(open.jobs(lookup)),
    countJobs: () => through(open.countJobs()),
    runs: (filter) => through(open.runs(filter)),
    ledger: (filter) => through(open.ledger(filter)),
    kept: (after, limit) => through(open.kept(after, limit)),
    events: (filter) => through(open.events(filter))
  })
  return {
    description: `${inner.description}, ${ms} ms away`,
    open: (owner) =>
      Effect.map(inner.open(owner), (open): OpenStore => ({
        ...open,
        reads: reads(open.reads),
        commit: (sequence, batch) => {
          counted.commits += 1
          return through(open.commit(sequence, batch))
        },
        committed: () => through(open.committed()),
        due: (query) => through(open.due(query)),
        orphans: (after, limit) => through(open.orphans(after, limit)),
        purge: (retention) => through(open.purge(retention))
      }))
  }
}
