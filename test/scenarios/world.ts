/** A scheduler in virtual time over a store that outlives it: what a scenario starts, restarts and lets crash. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Duration, Effect, Exit, Scope } from "effect"
import { onTestFinished } from "vitest"
import { schedulerEventTypes } from "../../src/event/schedulerEvent.ts"
import { createScheduler, memory } from "../../src/index.ts"
import type {
  JobStore,
  RunRecord,
  Scheduler,
  SchedulerEvent,
  SchedulerEventType,
  SchedulerOptions
} from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import type { OpenStore } from "../../src/store/jobStore.ts"
import { virtualClock } from "../../src/testing.ts"
import type { VirtualClock } from "../../src/testing.ts"

export type StoreKind = "memory" | "sqlite"
export const storeKinds: ReadonlyArray<StoreKind> = ["memory", "sqlite"]

/** Midnight, UTC. */
export const midnight = Date.UTC(2026, 0, 1)
export const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000] as const

/** Of a store that is opened at `midnight`: run keys begin at a thousand a millisecond. */
export const firstRunId = String(midnight * 1000)

/** A directory that goes with the test. */
export const temporaryFile = (name = "jobs.db"): string => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-"))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, name)
}

export const storeOf = (kind: StoreKind): JobStore =>
  kind === "memory" ? memory() : sqlite({ filename: temporaryFile(), durability: "normal" })

export interface World {
  readonly clock: VirtualClock
  readonly store: JobStore
  /** Everything that the newest scheduler has told. */
  readonly events: Array<SchedulerEvent>
  /** What listeners and streams threw. */
  readonly reported: Array<unknown>
  /** The newest scheduler. */
  readonly scheduler: Scheduler
  /** Ends the one before in good order, unless it crashed, and starts another on the same store. */
  start(options?: SchedulerOptions & { readonly paused?: boolean }): Promise<Scheduler>
  /** The process dies: nothing it still does reaches the store, and the store is free for the next owner. */
  crash(): Promise<void>
}

export const newWorld = (kind: StoreKind, given: JobStore = storeOf(kind)): World => {
  const clock = virtualClock(midnight)
  const events: Array<SchedulerEvent> = []
  const reported: Array<unknown> = []
  let mortal = mortalStore(given)
  let scheduler: Scheduler | null = null
  const current = (): Scheduler => {
    if (scheduler === null) throw new Error("start the world first")
    return scheduler
  }
  onTestFinished(async () => {
    if (scheduler !== null) await endOf(clock, scheduler)
  })
  return {
    clock,
    store: given,
    events,
    reported,
    get scheduler() {
      return current()
    },
    start: async ({ paused = false, ...options } = {}) => {
      if (scheduler !== null) await endOf(clock, scheduler)
      events.length = 0
      mortal = mortalStore(given)
      const next = createScheduler({
        store: mortal.store,
        clock,
        timezone: "UTC",
        onError: (error) => reported.push(error),
        ...options
      })
      next.on([...(schedulerEventTypes as ReadonlySet<SchedulerEventType>)], (event) => events.push(event))
      await next.start({ paused })
      scheduler = next
      return next
    },
    crash: async () => {
      await mortal.die()
      scheduler = null
    }
  }
}

const endOf = async (clock: VirtualClock, scheduler: Scheduler): Promise<void> => {
  const ended = scheduler.shutdown({ wait: false })
  await clock.settle()
  await ended
}

/** `Effect.never` keeps a process alive. */
const silence = Effect.async<never>(() => undefined)

/** A store whose owner can die: its calls then hang, as those of a process that is gone. */
const mortalStore = (inner: JobStore): { readonly store: JobStore; die(): Promise<void> } => {
  const scope = Effect.runSync(Scope.make())
  let dead = false
  const alive = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E> => Effect.suspend(() => (dead ? silence : call))
  const close = Effect.suspend(() => Scope.close(scope, Exit.void))
  return {
    store: {
      description: inner.description,
      open: (owner) =>
        Effect.map(
          Effect.zipLeft(
            Scope.extend(inner.open(owner), scope),
            Effect.addFinalizer(() => close)
          ),
          (opened) => eachCall(opened, (_name, call) => alive(call))
        )
    },
    die: async () => {
      dead = true
      await Effect.runPromise(close)
    }
  }
}

export type CallName =
  | "commit"
  | "committed"
  | "due"
  | "jobs"
  | "countJobs"
  | "runs"
  | "orphans"
  | "checkpoints"
  | "messages"
  | "kept"
  | "ledger"
  | "events"
  | "purge"
  | "forgottenThrough"

/** The same store with every call led through `wrap`. */
export const eachCall = (
  open: OpenStore,
  wrap: <A, E>(name: CallName, call: Effect.Effect<A, E>) => Effect.Effect<A, E>
): OpenStore => ({
  epoch: open.epoch,
  nextJobKey: open.nextJobKey,
  nextRunKey: open.nextRunKey,
  nextMessage: open.nextMessage,
  nextEvents: open.nextEvents,
  waiting: open.waiting,
  marks: open.marks,
  mended: open.mended ?? [],
  commit: (sequence, batch) => wrap("commit", open.commit(sequence, batch)),
  committed: () => wrap("committed", open.committed()),
  due: (query) => wrap("due", open.due(query)),
  reads: {
    jobs: (selection) => wrap("jobs", open.reads.jobs(selection)),
    countJobs: () => wrap("countJobs", open.reads.countJobs()),
    runs: (filter) => wrap("runs", open.reads.runs(filter)),
    ledger: (filter) => wrap("ledger", open.reads.ledger(filter)),
    kept: (after, limit) => wrap("kept", open.reads.kept(after, limit)),
    events: (filter) => wrap("events", open.reads.events(filter))
  },
  orphans: (after, limit) => wrap("orphans", open.orphans(after, limit)),
  checkpoints: (runKeys) => wrap("checkpoints", open.checkpoints(runKeys)),
  messages: (runKeys) => wrap("messages", open.messages(runKeys)),
  purge: (retention) => wrap("purge", open.purge(retention)),
  forgottenThrough: () => wrap("forgottenThrough", open.forgottenThrough())
})

/** Runs as `[fire time, outcome, attempt]`, oldest first; fire times in milliseconds after `midnight`. */
export const shortRuns = (
  runs: ReadonlyArray<RunRecord>
): ReadonlyArray<readonly [number, RunRecord["outcome"], number]> =>
  [...runs].reverse().map(({ fireAt, outcome, attempt }) => [fireAt - midnight, outcome, attempt] as const)

/** Ledger entries as `[kind, from, through, count, reason]`, oldest first. */
export const shortLedger = async (scheduler: Scheduler, jobId: string) =>
  [...(await scheduler.getLedger({ jobId, kind: ["misfired", "coalesced", "paused", "superseded"] }))]
    .reverse()
    .map(
      ({ kind, from, through, count, reason }) => [kind, from - midnight, through - midnight, count, reason] as const
    )

/** A promise that the test settles. */
export const gate = <A = void>(): { readonly opened: Promise<A>; readonly open: (value: A) => void } => {
  let open: (value: A) => void = () => undefined
  const opened = new Promise<A>((resolve) => (open = resolve))
  return { opened, open }
}

/** Waits `ms` of virtual time. */
export const sleepOn = (clock: VirtualClock, ms: number): Promise<void> =>
  Effect.runPromise(clock.sleep(Duration.millis(ms)))
