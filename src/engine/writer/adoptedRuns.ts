/** At a start: orphans whose attempts an executor still makes, in processes or on hosts of its own, go on instead of being interrupted. */
import type { RunRow } from "../../store/jobStore.ts"
import type { DispatchedOrder } from "../dispatchedOrder.ts"
import { orderOf } from "../dispatchedOrder.ts"
import type { Dispatcher } from "../dispatcher.ts"
import type { Intent } from "./intent.ts"
import { command } from "./intent.ts"
import { byJobs } from "./recovery.ts"
import type { StoreWriter } from "./storeWriter.ts"

type Committed = <A>(intent: (resolve: (value: A) => void, reject: (error: unknown) => void) => Intent) => Promise<A>

/** The keys of those that go on, or have ended while it was asked. */
export const adoptedRuns = async (
  writer: StoreWriter,
  orphans: ReadonlyArray<RunRow>,
  dispatcher: Dispatcher,
  calledOff: AbortSignal,
  committed: Committed
): Promise<ReadonlySet<number>> => {
  const adopted = new Set<number>()
  const adopters = dispatcher.names.filter((name) => dispatcher.adopts(name))
  if (adopters.length === 0) return adopted
  const asked = new Map<string, Array<DispatchedOrder>>(adopters.map((name) => [name, []]))
  for (const slice of byJobs(orphans)) {
    const orders = await committed<ReadonlyArray<DispatchedOrder>>((resolve, reject) =>
      underWay(writer, slice, resolve, reject)
    )
    for (const dispatched of orders) asked.get(dispatched.executor)?.push(dispatched)
  }
  const answers = [...asked]
    .filter(([, orders]) => orders.length > 0)
    .map(([name, orders]) => dispatcher.adopt(name, orders, calledOff))
  const byJob = new Map<number, Array<number>>()
  for (const { jobKey, runKey } of (await Promise.all(answers)).flat()) {
    adopted.add(runKey)
    byJob.set(jobKey, [...(byJob.get(jobKey) ?? []), runKey])
  }
  if (adopted.size > 0) await committed<void>((resolve, reject) => noteAdopted(writer, byJob, resolve, reject))
  return adopted
}

/** For whoever looks at the store: they are nobody's orphans. */
const noteAdopted = (
  { store: { epoch } }: StoreWriter,
  byJob: ReadonlyMap<number, ReadonlyArray<number>>,
  resolve: () => void,
  reject: (error: unknown) => void
): Intent =>
  command(
    { keys: [...byJob.keys()], weight: byJob.size },
    (unit) => {
      for (const [key, runKeys] of byJob) {
        const job = unit.byKey(key)
        if (job !== undefined) unit.step(job, { type: "adopted", now: unit.now, runKeys, epoch })
      }
    },
    { resolve, reject }
  )

/** The attempts that were under way, as orders. Changes nothing. */
const underWay = (
  writer: StoreWriter,
  orphans: ReadonlyMap<number, ReadonlyArray<RunRow>>,
  resolve: (orders: ReadonlyArray<DispatchedOrder>) => void,
  reject: (error: unknown) => void
): Intent =>
  command(
    { keys: [...orphans.keys()], weight: orphans.size },
    (unit) =>
      [...orphans].flatMap(([key, runs]) => {
        const job = unit.byKey(key)
        if (job === undefined) return []
        const known = new Set(runs.map(({ runKey }) => runKey))
        return job.memory.live
          .filter(({ runKey, retryAt }) => retryAt === null && known.has(runKey))
          .map((run) =>
            orderOf(writer, job, { ...run, args: run.args === undefined ? null : JSON.stringify(run.args) })
          )
      }),
    { resolve, reject }
  )
