/**
 * The user's streams by name: each subscribed to once, by the engine; again with backoff after a failure; over when it completes. What
 * becomes of their values is not known here. Nothing here is needed after a restart.
 */
import { defer } from "rxjs"
import type { Observable, Subscription } from "rxjs"
import { describeError } from "../../task/runError.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { WallTimers } from "../../time/timers.ts"
import type { StreamStatus, StreamsView } from "../job/streamStatus.ts"

type FailedStream = StreamStatus & { readonly retryAt: EpochMillis }

/** Is told what the streams do, at once. */
export interface StreamListener {
  emitted(stream: string, value: unknown): void
  /** It gives nothing more. */
  completed(stream: string): void
  failed(status: FailedStream, error: unknown): void
  /** The first value since a failure. */
  recovered(stream: string): void
  /** Its status is another. */
  changed(stream: string): void
}

/** Wait before a failed stream is subscribed to again: doubled with each failure in a row, up to the longest. */
const firstWaitMs = 1_000
const longestWaitMs = 300_000
/** A subscription that has lasted so long was no failure to begin with. */
const steadyMs = 60_000

interface Source {
  readonly values$: Observable<unknown>
  status: StreamStatus
  /** Values are looked for after a failure. */
  recovering: boolean
  subscription: Subscription | null
  cancelRetry: (() => void) | null
}

export class StreamSources implements StreamsView {
  private readonly sources = new Map<string, Source>()
  private listening = false
  private readonly timers: WallTimers
  private readonly listener: StreamListener

  constructor(streams: ReadonlyMap<string, Observable<unknown>>, timers: WallTimers, listener: StreamListener) {
    this.timers = timers
    this.listener = listener
    for (const [name, values$] of streams) this.sources.set(name, newSource(name, values$))
  }

  has(name: string): boolean {
    return this.sources.has(name)
  }

  isOver(name: string): boolean {
    return this.sources.get(name)?.status.state === "completed"
  }

  /** Also of a name that is not registered. */
  status(name: string): StreamStatus {
    return this.sources.get(name)?.status ?? { ...untouched(name), state: "unregistered" }
  }

  /** In the order in which they were registered. */
  get all(): ReadonlyArray<StreamStatus> {
    return [...this.sources.values()].map(({ status }) => status)
  }

  /** False: another stream has that name, and it has neither completed nor failed. */
  mayAdd(name: string, values$: Observable<unknown>): boolean {
    const known = this.sources.get(name)
    return known === undefined || known.values$ === values$ || isIdle(known)
  }

  /** Begins one anew that has completed or failed. One that is there already stays as it is. */
  add(name: string, values$: Observable<unknown>): void {
    const known = this.sources.get(name)
    if (known !== undefined && !isIdle(known)) return
    known?.cancelRetry?.()
    const source = newSource(name, values$)
    this.sources.set(name, source)
    if (this.listening) this.subscribe(source)
  }

  /** Subscribes to them, in one step: two may be one stream's parts. */
  listen(): void {
    this.listening = true
    for (const source of [...this.sources.values()]) this.subscribe(source)
  }

  close(): void {
    this.listening = false
    for (const source of this.sources.values()) {
      source.cancelRetry?.()
      source.subscription?.unsubscribe()
      source.cancelRetry = source.subscription = null
      if (source.status.state !== "completed")
        this.become(source, { ...source.status, state: "waiting", retryAt: null })
    }
  }

  private subscribe(source: Source): void {
    if (!this.listening) return
    const { name } = source.status
    const since = this.timers.monotonicMillis()
    this.become(source, { ...source.status, state: "open", retryAt: null })
    source.subscription = defer(() => source.values$).subscribe({
      next: (value) => {
        if (source.recovering) {
          source.recovering = false
          this.listener.recovered(name)
        }
        this.listener.emitted(name, value)
      },
      error: (error: unknown) => this.failed(source, error, this.timers.monotonicMillis() - since),
      complete: () => {
        this.become(source, { ...untouched(name), state: "completed" })
        this.listener.completed(name)
      }
    })
  }

  private failed(source: Source, error: unknown, lastedMs: number): void {
    const { name, failures } = source.status
    const row = lastedMs >= steadyMs ? 1 : failures + 1
    const waitMs = Math.min(firstWaitMs * 2 ** (row - 1), longestWaitMs)
    const { name: errorName, message } = describeError(error)
    source.recovering = true
    source.cancelRetry = this.timers.after(waitMs, () => {
      source.cancelRetry = null
      this.subscribe(source)
    })
    const retryAt = this.timers.now() + waitMs
    const status = { name, state: "failed", since: null, failures: row, error: { name: errorName, message } } as const
    this.become(source, { ...status, retryAt })
    this.listener.failed({ ...source.status, retryAt }, error)
  }

  private become(source: Source, status: StreamStatus): void {
    source.status = { ...status, since: this.timers.now() }
    this.listener.changed(status.name)
  }
}

const isIdle = ({ status: { state } }: Source): boolean => state === "completed" || state === "failed"

const untouched = (name: string): StreamStatus => ({
  name,
  state: "waiting",
  since: null,
  failures: 0,
  error: null,
  retryAt: null
})

const newSource = (name: string, values$: Observable<unknown>): Source => ({
  values$,
  status: untouched(name),
  recovering: false,
  subscription: null,
  cancelRetry: null
})
