/** Due jobs of a store that answers what a test says. */
import { Effect } from "effect"
import type { Job } from "../../../src/engine/job/jobCodec.ts"
import { stateRow } from "../../../src/engine/job/jobCodec.ts"
import { DueJobs } from "../../../src/engine/writer/dueJobs.ts"
import { JobCache } from "../../../src/engine/writer/jobCache.ts"
import type { UnitEnvironment } from "../../../src/engine/writer/unitEnvironment.ts"
import type { DueJobRows, DueQuery, JobRow, OpenStore } from "../../../src/store/jobStore.ts"
import type { StoreError } from "../../../src/store/storeError.ts"
import type { JobParts } from "./jobs.ts"
import { makeJob, makeUnit, minute } from "./jobs.ts"
import { SceneHost } from "./sceneHost.ts"
import { SceneTimers } from "./sceneTimers.ts"

/** The instant of every unit here. */
export const now = 10 * minute

export const rowOf = (job: Job): JobRow => ({ ...job.row, ...stateRow(job), removedAt: null })

/** A job that has come due this minute. */
export const dueJob = (key: number, parts: JobParts = {}): Job =>
  makeJob(key, { ...parts, memory: { nextFireAt: now, cursor: now - minute, ...parts.memory } })

/** `slots` of each executor. */
export const newDue = (slots: Readonly<Record<string, number>> = { default: 5 }) => {
  const timers = new SceneTimers()
  const host = new SceneHost(timers, ["report"], 100)
  for (const [name, count] of Object.entries(slots)) host.addExecutor(name, count)
  const cache = new JobCache(100, () => undefined)
  const queries: Array<DueQuery> = []
  const answers = new Map<string, DueJobRows>()
  const others: Array<string> = []
  let failure: StoreError | null = null
  const store = {
    due: (query: DueQuery) =>
      Effect.suspend(() => {
        queries.push(query)
        const byExecutor = new Map(query.executors.map(({ name }) => [name, answers.get(name) ?? nothing]))
        return failure === null ? Effect.succeed({ byExecutor, others }) : Effect.fail(failure)
      })
  } as unknown as OpenStore
  const asked = { mayStart: (_job: Job): boolean => true }
  const due = new DueJobs("main", store, cache, host, (job) => asked.mayStart(job))
  return {
    ...{ due, timers, host, cache, queries, others, asked },
    answer: (jobs: ReadonlyArray<Job | JobRow>, nextWakeAt: number | null = null, executor = "default"): void =>
      void answers.set(executor, { rows: jobs.map((job) => ("row" in job ? rowOf(job) : job)), nextWakeAt }),
    failWith: (error: StoreError | null): void => void (failure = error),
    /** Takes what is due into a unit of its own. */
    take: (given: Partial<UnitEnvironment> & { readonly most?: number; readonly alone?: boolean } = {}) => {
      const { most = 10, alone = false, ...environment } = given
      const unit = makeUnit({ now, ...environment })
      const taken = Effect.runSync(due.take(unit, most, alone))
      return { unit, taken, claimed: unit.consequences.claims.map(({ jobKey }) => jobKey) }
    }
  }
}

const nothing: DueJobRows = { rows: [], nextWakeAt: null }
