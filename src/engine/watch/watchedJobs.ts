/**
 * A job's record as an Observable: now, and after every commit that changes the job, over removal and return. All who watch one id share
 * what is known of it. Nothing is asked but when nothing is known: at first, and where no commit tells.
 */
import type { Observable, Subscriber } from "rxjs"
import { IsolatedObservable } from "../../event/isolatedObservable.ts"
import { checkIdText } from "../../job/jobOptions.ts"
import { StoreFenced, StoreUnavailable } from "../../store/storeError.ts"
import type { CancelTimer } from "../../time/timers.ts"
import type { Engine } from "../engine.ts"
import type { Job } from "../job/jobCodec.ts"
import type { JobRecord } from "../job/jobRecord.ts"
import { recordOf } from "../job/jobRecord.ts"
import type { JobQueries } from "../query/jobQueries.ts"
import { SchedulerNotStartedError, SchedulerStoppedError } from "../schedulerError.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import type { JobWatcher } from "./watchers.ts"

/** `null`: there is no such job. `undefined`: that is not known yet. */
export type WatchedJob = JobRecord | null | undefined

export class WatchedJobs {
  private readonly engine: Engine
  private readonly queries: JobQueries
  private readonly byId = new Map<string, JobWatch>()

  constructor(engine: Engine, queries: JobQueries) {
    this.engine = engine
    this.queries = queries
  }

  /** Gives a value in the turn of the subscription. Completes when the scheduler stops. Fails with `InvalidJobError`. */
  watch(id: string): Observable<WatchedJob> {
    const { events, options } = this.engine
    const report = (error: unknown): void => options.onError(error, `a subscriber of job$("${id}")`)
    return new IsolatedObservable<WatchedJob>(report, (subscriber) => {
      try {
        checkIdText(id)
      } catch (error) {
        return subscriber.error(error)
      }
      const watch = this.byId.get(id) ?? new JobWatch(this.engine, this.queries, id)
      this.byId.set(id, watch)
      const leave = watch.join(subscriber)
      const forget = events.whenEnded(() => subscriber.complete())
      return () => {
        forget()
        if (leave()) this.byId.delete(id)
      }
    })
  }
}

/** What is known of one id while somebody watches it. */
class JobWatch implements JobWatcher {
  private readonly engine: Engine
  private readonly queries: JobQueries
  private readonly id: string
  private readonly subscribers = new Set<Subscriber<WatchedJob>>()
  private readonly unwatch: () => void
  private value: WatchedJob
  /** Which job it is that has the id; `null`: none, or not known. */
  private place: { readonly store: string; readonly key: number } | null = null
  private asking = false
  /** What is asked must be asked once more. */
  private again = false
  /** Changes heard of: an answer is older than those that came meanwhile. */
  private heard = 0
  private cancelRetry: CancelTimer | null = null

  constructor(engine: Engine, queries: JobQueries, id: string) {
    this.engine = engine
    this.queries = queries
    this.id = id
    this.unwatch = engine.watchers.watchJob(id, this)
    for (const writer of engine.writers) {
      const job = writer.cache.byId(id)
      if (job !== undefined) this.know(job, writer)
    }
  }

  /** The returned function says whether nobody is left. */
  join(subscriber: Subscriber<WatchedJob>): () => boolean {
    this.subscribers.add(subscriber)
    this.engine.options.within(() => subscriber.next(this.value))
    if (this.value === undefined && !this.asking) this.ask()
    return () => {
      this.subscribers.delete(subscriber)
      if (this.subscribers.size > 0) return false
      this.unwatch()
      this.cancelRetry?.()
      return true
    }
  }

  changed(job: Job, writer: StoreWriter): void {
    if (job.removedAt === null) {
      this.heard += 1
      this.know(job, writer)
      this.tell()
    } else if (this.place === null) {
      // Whether another has the id by now only the store can say: an answer under way may be from before.
      this.again = this.asking
    } else if (this.place.key === job.key && this.place.store === writer.name) {
      this.heard += 1
      this.place = null
      this.become(null)
    }
  }

  refreshed(): void {
    this.ask()
  }

  forgotten(): void {
    if (this.value?.state === "done") this.ask()
  }

  streamChanged(stream: string): void {
    if (this.value?.stream?.name === stream) this.become({ ...this.value, stream: this.engine.streams.status(stream) })
  }

  /** Until there is an answer the last value stands. */
  private ask(): void {
    this.cancelRetry?.()
    this.cancelRetry = null
    this.again = this.asking
    if (this.asking || this.subscribers.size === 0) return
    this.asking = true
    const { heard } = this
    this.queries.find(this.id, "job$").then(
      (found) => {
        this.asking = false
        if (this.again) return this.ask()
        if (this.heard === heard) this.answered(found)
      },
      (error: unknown) => {
        this.asking = false
        if (this.again) return this.ask()
        this.failed(error)
      }
    )
  }

  private answered(found: Awaited<ReturnType<JobQueries["find"]>>): void {
    this.place = found === undefined ? null : { store: found.writer.name, key: found.key }
    const record = found?.record ?? null
    if (record !== null || this.value !== null) this.engine.options.within(() => this.become(record))
  }

  /** Whoever starts the scheduler, or adds a store, refreshes this; a store that is away may come back without a word. */
  private failed(error: unknown): void {
    if (error instanceof StoreUnavailable && this.subscribers.size > 0)
      this.cancelRetry = this.engine.timers.after(retryMs, () => this.ask())
    else if (!isExpected(error)) this.engine.options.onError(error, `job$("${this.id}")`)
  }

  private know(job: Job, { name }: StoreWriter): void {
    this.value = recordOf(job, name, this.engine.streams)
    this.place = { store: name, key: job.key }
  }

  private become(value: WatchedJob): void {
    this.value = value
    this.tell()
  }

  private tell(): void {
    for (const subscriber of [...this.subscribers]) subscriber.next(this.value)
  }
}

/** How long after a store did not answer it is asked again. */
const retryMs = 5_000

/** What is told by itself, and ends: another owner has the store, or nothing runs. */
const isExpected = (error: unknown): boolean =>
  error instanceof StoreFenced || error instanceof SchedulerNotStartedError || error instanceof SchedulerStoppedError
