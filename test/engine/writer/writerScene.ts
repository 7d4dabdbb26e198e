/**
 * A writer on a store in memory, with an engine around it that only notes what it hears, and executors that a test holds in its hand.
 * Nothing waits: what is submitted is on disk when the call returns, unless a test makes the store slow or lets it fail.
 */
import { Effect, Exit, Scope } from "effect"
import type { Job } from "../../../src/engine/job/jobCodec.ts"
import { command } from "../../../src/engine/writer/intent.ts"
import type { Intent } from "../../../src/engine/writer/intent.ts"
import { StoreWriter } from "../../../src/engine/writer/storeWriter.ts"
import type { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import type { SchedulerEvent } from "../../../src/event/schedulerEvent.ts"
import type { JobRules } from "../../../src/job/rules.ts"
import type { JobMemory } from "../../../src/job/snapshot.ts"
import { newMemory } from "../../../src/job/snapshot.ts"
import type { DueQuery, JobRow, JobStore, OpenStore, RunRow, StoreBatch } from "../../../src/store/jobStore.ts"
import { memory } from "../../../src/store/memory/memoryStore.ts"
import type { StoreError } from "../../../src/store/storeError.ts"
import { StoreConflict, StoreUnavailable } from "../../../src/store/storeError.ts"
import { makeJob, minute } from "./jobs.ts"
import { SceneHost } from "./sceneHost.ts"
import { SceneTimers } from "./sceneTimers.ts"

/** What a test makes of the store's calls: they may fail, wait or be looked at. */
export type Calls = <A>(name: string, call: Effect.Effect<A, StoreError>) => Effect.Effect<A, StoreError>

/** A command, and what became of it. */
export interface Asked<A> {
  state: "waits" | "committed" | "refused"
  value?: A
  error?: unknown
  /** How often it was told what became of it. */
  endings: number
}

interface SceneOptions {
  readonly name?: string
  readonly store?: JobStore
  readonly timers?: SceneTimers
  /** Of the executor `default`. */
  readonly slots?: number
  readonly cacheLimit?: number
  /** False: as at a start, before what the last owner left is settled. */
  readonly claims?: boolean
  readonly tasks?: ReadonlyArray<string>
  /** Jobs that the store gives in one answer at the most. */
  readonly rowsPerRead?: number
  /** False: nobody listens to events. */
  readonly observed?: boolean
}

interface AddedJob {
  readonly memory?: Partial<JobMemory>
  readonly rules?: Partial<JobRules>
  readonly task?: string
  readonly executor?: string
}

export const unavailable = (cause = "away"): StoreUnavailable =>
  new StoreUnavailable({ store: "memory", operation: "commit", cause })
export const conflict = (cause = "refused"): StoreConflict => new StoreConflict({ store: "memory", cause })

export const newScene = (options: SceneOptions = {}) => {
  const {
    name = "default",
    store = memory(),
    timers = new SceneTimers(),
    slots = 10,
    claims = true,
    rowsPerRead = Infinity
  } = options
  const scope = Effect.runSync(Scope.make())
  const open = store.open({ pid: 1, host: "", startedAt: timers.now() })
  const opened = Effect.runSync(Scope.extend(open, scope))
  const host = new SceneHost(timers, options.tasks ?? ["report"], options.cacheLimit ?? 100)
  const calls: Array<string> = []
  const batches: Array<StoreBatch> = []
  const queries: Array<DueQuery> = []
  const events: Array<SchedulerEvent> = []
  let meet: Calls = (_call, effect) => effect
  const through: Calls = (call, effect) =>
    Effect.suspend(() => {
      calls.push(call)
      return meet(call, effect)
    })
  const watched: OpenStore = {
    ...opened,
    commit: (sequence, batch) => {
      batches.push(batch)
      return through("commit", opened.commit(sequence, batch))
    },
    committed: () => through("committed", opened.committed()),
    due: (query) => {
      queries.push(query)
      const executors = query.executors.map((each) => ({ ...each, limit: Math.min(each.limit, rowsPerRead) }))
      return through("due", opened.due({ ...query, executors }))
    },
    reads: { ...opened.reads, jobs: (lookup) => through("jobs", opened.reads.jobs(lookup)) },
    forgottenThrough: () => through("forgottenThrough", opened.forgottenThrough())
  }
  const writer = new StoreWriter(name, watched, host)
  host.addExecutor("default", slots)
  if (options.observed !== false) host.events.events$.subscribe((event) => events.push(event))
  if (claims) writer.startClaiming()
  const submit = <A>(
    apply: (unit: UnitOfWork) => A,
    needs: Pick<Intent, "ids" | "keys" | "givenAt"> & { readonly weight?: number } = {}
  ): Asked<A> => {
    const asked: Asked<A> = { state: "waits", endings: 0 }
    const end = (what: Partial<Asked<A>>): void => void Object.assign(asked, { endings: asked.endings + 1, ...what })
    const resolve = (value: A): void => end({ state: "committed", value })
    const reject = (error: unknown): void => end({ state: "refused", error })
    writer.submit(command(needs, apply, { resolve, reject }))
    return asked
  }
  const startedAt = timers.now()
  return {
    ...{ timers, store, host, writer, calls, batches, queries, events, startedAt, submit },
    /** From now on each call of the store goes through this. */
    meetCalls: (next: Calls): void => void (meet = next),
    /** Each call goes through again. */
    heal: (): void => void (meet = (_call, effect) => effect),
    /** The calls of this name fail: before they reach the store, or after they took effect. */
    fail: (name: string, error: StoreError, moment: "before" | "after" = "before"): void => {
      meet = (call, effect) =>
        call !== name ? effect : moment === "before" ? Effect.fail(error) : Effect.zipRight(effect, Effect.fail(error))
    },
    /** Calls of this name wait for the answer that the returned function gives: an error, or what the store says. */
    hold: (name: string): ((error?: StoreError) => void) => {
      let answer: (error: StoreError | null) => void = () => undefined
      const answered = new Promise<StoreError | null>((resolve) => (answer = resolve))
      const waited = Effect.flatMap(
        Effect.promise(() => answered),
        (error) => (error === null ? Effect.void : Effect.fail(error))
      )
      meet = (call, effect) => (call === name ? Effect.zipRight(waited, effect) : effect)
      return (error) => answer(error ?? null)
    },
    /** The store refuses batches like this. */
    refuse: (isRefused: (batch: StoreBatch) => boolean, error: StoreError = conflict()): void => {
      meet = (call, effect) => {
        const batch = batches.at(-1)
        return call === "commit" && batch !== undefined && isRefused(batch) ? Effect.fail(error) : effect
      }
    },
    /** Adds a job that is first due after a minute, and each minute from then on. */
    add: (id: string, { memory: given, rules, ...parts }: AddedJob = {}): Asked<Job> =>
      submit((unit) =>
        addJob(unit, id, { ...parts, ...(rules ? { rules } : {}), ...(given ? { memory: given } : {}) })
      ),
    /** The job as it is on disk. */
    row: (id: string): JobRow => {
      const [row] = Effect.runSync(opened.reads.jobs({ ids: [id] }))
      if (row === undefined) throw new Error(`no job ${id}`)
      return row
    },
    /** Oldest first. */
    runs: (): ReadonlyArray<RunRow> => [...Effect.runSync(opened.reads.runs({}))].reverse(),
    /** Newest events of these types. */
    eventsOf: (...types: ReadonlyArray<SchedulerEvent["type"]>) => events.filter(({ type }) => types.includes(type)),
    /** What `onLost` of the engine's is told, and so on. */
    told: host.told,
    /** The store is free for another owner; this one's calls fail from now on. */
    end: (): void => Effect.runSync(Scope.close(scope, Exit.void))
  }
}

export const addJob = (unit: UnitOfWork, id: string, { memory: given, ...parts }: AddedJob = {}): Job => {
  const { row, rules, trigger } = makeJob(0, parts)
  const first = Math.floor(unit.now / minute) * minute + minute
  return unit.add({ ...row, id }, rules, trigger, { ...newMemory(unit.now, first, false), ...given })
}
