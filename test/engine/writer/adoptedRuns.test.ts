/** Orphans that an executor still makes: who is asked for which, and what is written of those that go on. */
import { describe, expect, it } from "vitest"
import type { DispatchedOrder } from "../../../src/engine/dispatchedOrder.ts"
import type { Dispatcher } from "../../../src/engine/dispatcher.ts"
import { adoptedRuns } from "../../../src/engine/writer/adoptedRuns.ts"
import type { Intent } from "../../../src/engine/writer/intent.ts"
import type { StoreWriter } from "../../../src/engine/writer/storeWriter.ts"
import type { RunRow } from "../../../src/store/jobStore.ts"
import { liveRun, makeJob, makeUnit, minute } from "./jobs.ts"

const orphan = (runKey: number, jobKey: number): RunRow => ({
  ...{ runKey, jobKey, jobId: `job-${jobKey}`, fireAt: minute, request: 0, claimedAt: minute, args: null, epoch: 1 },
  ...{ attempt: 1, startedAt: minute, finishedAt: null, outcome: null, result: null, error: null }
})

const epoch = 2

/** Executors `hosts` and `pods` keep attempts, `default` does not. `keeps`: those that they say they still make. */
const ask = async (
  jobs: ReadonlyArray<ReturnType<typeof makeJob>>,
  orphans: ReadonlyArray<RunRow>,
  keeps: (executor: string, orders: ReadonlyArray<DispatchedOrder>) => ReadonlyArray<DispatchedOrder>,
  adopters: ReadonlyArray<string> = ["hosts", "pods"]
) => {
  const asked: Array<readonly [string, ReadonlyArray<string>]> = []
  const units: Array<ReturnType<typeof makeUnit>> = []
  const dispatcher = {
    names: ["default", "hosts", "pods"],
    adopts: (name: string) => adopters.includes(name),
    adopt: (name: string, orders: ReadonlyArray<DispatchedOrder>) => {
      asked.push([name, orders.map(({ order }) => `${order.jobId} ${order.runId} ${JSON.stringify(order.args)}`)])
      return Promise.resolve(keeps(name, orders))
    }
  } as unknown as Dispatcher
  const writer = { name: "default", store: { epoch }, runId: String } as unknown as StoreWriter
  const committed = <A>(make: (resolve: (value: A) => void, reject: (error: unknown) => void) => Intent) =>
    new Promise<A>((resolve, reject) => {
      const intent = make(resolve, reject)
      const unit = makeUnit({ now: 10 * minute })
      for (const job of jobs) if (intent.keys?.includes(job.key) === true) unit.load(job)
      units.push(unit)
      intent.apply(unit)
      intent.committed()
    })
  const found = await adoptedRuns(writer, orphans, dispatcher, new AbortController().signal, committed)
  return { asked, units, found: [...found].sort() }
}

const jobOn = (key: number, executor: string, runs: ReadonlyArray<ReturnType<typeof liveRun>>) =>
  makeJob(key, { row: { executor }, memory: { live: runs, nextFireAt: 20 * minute, cursor: 10 * minute } })

describe("attempts that outlived their owner", () => {
  it("are asked for of the executor that their job names, all of one in one question", async () => {
    const jobs = [
      jobOn(1, "hosts", [liveRun(7, { args: { a: 1 } })]),
      jobOn(2, "pods", [liveRun(8)]),
      jobOn(3, "hosts", [liveRun(9)]),
      jobOn(4, "default", [liveRun(10)])
    ]
    const orphans = [orphan(7, 1), orphan(8, 2), orphan(9, 3), orphan(10, 4)]
    const { asked, found, units } = await ask(jobs, orphans, () => [])
    expect(asked).toEqual([
      ["hosts", ['job-1 7 {"a":1}', 'job-3 9 {"to":"ops"}']],
      ["pods", ['job-2 8 {"to":"ops"}']]
    ])
    expect(found).toEqual([])
    expect(units.map(({ changes }) => changes)).toEqual([0])
  })

  it("go on, and are written down under the owner of today, where the executor says so", async () => {
    const jobs = [jobOn(1, "hosts", [liveRun(7), liveRun(8)]), jobOn(2, "hosts", [liveRun(9)])]
    const { found, units } = await ask(jobs, [orphan(7, 1), orphan(8, 1), orphan(9, 2)], (_name, orders) =>
      orders.filter(({ runKey }) => runKey !== 9)
    )
    expect(found).toEqual([7, 8])
    const written = units.at(-1)
    expect(units.length).toBe(2)
    expect(written?.byKey(1)?.memory.live).toMatchObject([{ adoptedBy: epoch }, { adoptedBy: epoch }])
    expect([...(written?.changed() ?? [])].map(({ key }) => key)).toEqual([1])
  })

  it("are written down when there is one alone", async () => {
    const { units } = await ask([jobOn(1, "pods", [liveRun(7)])], [orphan(7, 1)], (_name, orders) => orders)
    expect(units.at(-1)?.byKey(1)?.memory.live).toMatchObject([{ runKey: 7, adoptedBy: epoch }])
  })

  it("are not those that wait for their next attempt, nor those that nobody has left", async () => {
    const jobs = [jobOn(1, "hosts", [liveRun(7), liveRun(8, { retryAt: 11 * minute }), liveRun(9)])]
    const { asked } = await ask(jobs, [orphan(7, 1), orphan(8, 1)], () => [])
    expect(asked).toEqual([["hosts", ['job-1 7 {"to":"ops"}']]])
  })

  it("are of jobs that are there: of one that is gone there is nothing to ask", async () => {
    const { asked, found } = await ask([], [orphan(7, 1)], (_name, orders) => orders)
    expect([asked, found]).toEqual([[], []])
  })

  it("are nobody's where no executor keeps any: nothing is read for it", async () => {
    const { asked, units, found } = await ask([jobOn(1, "default", [liveRun(7)])], [orphan(7, 1)], () => [], [])
    expect([asked, units, found]).toEqual([[], [], []])
  })
})
