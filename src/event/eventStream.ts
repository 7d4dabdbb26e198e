/** What happened, as an Observable and as listeners by type. Numbers every event, whether or not anyone looks. */
import { Observable } from "rxjs"
import type { EpochMillis } from "../time/instant.ts"
import type { EventBody, SchedulerEvent, SchedulerEventType } from "./schedulerEvent.ts"

export type EventListener<T extends SchedulerEventType = SchedulerEventType> = (event: Extract<SchedulerEvent, { type: T }>) => void

/** What a listener or subscriber threw; reported, never passed on to the engine. */
export type ListenerFailure = (error: unknown, event: SchedulerEvent) => void

export class EventStream {
  private seq = 0
  private readonly sinks = new Set<(event: SchedulerEvent) => void>()
  private readonly onEnd = new Set<() => void>()
  private ended = false
  private readonly report: ListenerFailure

  constructor(report: ListenerFailure) {
    this.report = report
  }

  /** Cold, hot at heart: a subscriber gets what happens from now on, and completes when the scheduler has stopped. */
  readonly events$: Observable<SchedulerEvent> = new Observable((subscriber) => {
    if (this.ended) return subscriber.complete()
    const sink = (event: SchedulerEvent): void => subscriber.next(event)
    const end = (): void => subscriber.complete()
    this.sinks.add(sink)
    this.onEnd.add(end)
    return () => {
      this.sinks.delete(sink)
      this.onEnd.delete(end)
    }
  })

  /** Calls `listener` for events of the given types, in order, until the returned function is called. */
  on<T extends SchedulerEventType>(types: T | ReadonlyArray<T>, listener: EventListener<T>): () => void {
    const wanted = new Set<string>(typeof types === "string" ? [types] : types)
    const isWanted = (event: SchedulerEvent): event is Extract<SchedulerEvent, { type: T }> => wanted.has(event.type)
    const sink = (event: SchedulerEvent): void => {
      if (isWanted(event)) listener(event)
    }
    this.sinks.add(sink)
    return () => void this.sinks.delete(sink)
  }

  /** Calls back when the stream ends, or at once when it has. */
  whenEnded(callback: () => void): () => void {
    if (this.ended) callback()
    else this.onEnd.add(callback)
    return () => void this.onEnd.delete(callback)
  }

  /** True while someone looks: making an event costs more than numbering it. */
  get observed(): boolean {
    return this.sinks.size > 0
  }

  publish(at: EpochMillis, body: EventBody): void {
    const seq = ++this.seq
    if (this.sinks.size === 0) return
    const event = { ...body, at, seq } as SchedulerEvent // `EventBody` is each member of the union without the two fields added here.
    for (const sink of this.sinks) {
      try {
        sink(event)
      } catch (error) {
        this.report(error, event)
      }
    }
  }

  /** Counts `count` events that nobody looks at. */
  skip(count: number): void {
    this.seq += count
  }

  end(): void {
    this.ended = true
    for (const end of this.onEnd) end()
    this.sinks.clear()
    this.onEnd.clear()
  }
}
