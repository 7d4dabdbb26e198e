/** What happened, as an Observable and as listeners by type. Numbers every event, whether or not anyone looks. */
import type { Observable } from "rxjs"
import type { EpochMillis } from "../time/instant.ts"
import { heed } from "./callback.ts"
import type { Within } from "./callback.ts"
import { IsolatedObservable } from "./isolatedObservable.ts"
import type { EventBody, SchedulerEvent, SchedulerEventType } from "./schedulerEvent.ts"

/** Is told of events of the type `T`, one at a time, in order. What it gives is not awaited, what it throws goes to `onError`. */
export type EventListener<T extends SchedulerEventType = SchedulerEventType> = (
  event: SchedulerEvent & { readonly type: T }
) => void

/** What a listener or subscriber threw, and where; reported, never passed on to the engine. */
export type ListenerFailure = (error: unknown, where: string) => void

/** Takes the events of one commit, in order. */
export interface EventSink {
  /** True: somebody listens to events of the type. Others need not be made, but are counted. */
  wants(type: SchedulerEventType): boolean
  tell(body: EventBody): void
  skip(count: number): void
}

export class EventStream {
  private seq = 0
  private readonly sinks = new Set<(event: SchedulerEvent) => void>()
  /** How many of them want an event of that type, and how many want all. */
  private readonly wanted = new Map<string, number>()
  private wantAll = 0
  private readonly onEnd = new Set<() => void>()
  private ended = false
  private readonly report: ListenerFailure
  private readonly within: Within
  /** Events that came up while another was being told: everyone hears of them in the same order. */
  private readonly waiting: Array<SchedulerEvent> = []
  private telling = false

  /** Cold, hot at heart: a subscriber gets what happens from now on, and completes when the scheduler has stopped. */
  readonly events$: Observable<SchedulerEvent>

  /** Everyone is told `within` one async context, whoever's doing it was. */
  constructor(report: ListenerFailure, within: Within = (call) => call()) {
    this.report = report
    this.within = within
    this.events$ = new IsolatedObservable<SchedulerEvent>(
      (error) => report(error, "a subscriber of events$"),
      (subscriber) => {
        const forget = this.whenEnded(() => subscriber.complete())
        const leave = this.listen((event) => subscriber.next(event))
        return () => {
          leave()
          forget()
        }
      }
    )
  }

  /** Calls `sink` for every event from now on, until the returned function is called. */
  listen(sink: (event: SchedulerEvent) => void): () => void {
    if (this.ended) return () => undefined
    this.sinks.add(sink)
    this.wantAll += 1
    return () => {
      if (this.sinks.delete(sink)) this.wantAll -= 1
    }
  }

  /** Calls `listener` for events of the given types, in order, until the returned function is called. */
  on<T extends SchedulerEventType>(types: T | ReadonlyArray<T>, listener: EventListener<T>): () => void {
    const wanted = new Set<string>(typeof types === "string" ? [types] : types)
    const isWanted = (event: SchedulerEvent): event is SchedulerEvent & { readonly type: T } => wanted.has(event.type)
    const sink = (event: SchedulerEvent): void => {
      if (!isWanted(event)) return
      // What `callBack` does, but for its two functions an event; what is thrown is reported by whoever calls this.
      const given: unknown = listener(event)
      if (given !== undefined) heed(given, (error) => this.report(error, `a listener of ${event.type}`))
    }
    if (this.ended) return () => undefined
    this.sinks.add(sink)
    this.count(wanted, 1)
    return () => {
      if (this.sinks.delete(sink)) this.count(wanted, -1)
    }
  }

  private count(types: Iterable<string>, by: 1 | -1): void {
    for (const type of types) {
      const listeners = (this.wanted.get(type) ?? 0) + by
      if (listeners > 0) this.wanted.set(type, listeners)
      else this.wanted.delete(type)
    }
  }

  /** True while somebody listens to events of the type: making an event costs more than numbering it. */
  wants(type: SchedulerEventType): boolean {
    return this.wantAll > 0 || this.wanted.has(type)
  }

  /** Calls back when the stream ends, or at once when it has. */
  whenEnded(callback: () => void): () => void {
    if (this.ended) callback()
    else this.onEnd.add(callback)
    return () => void this.onEnd.delete(callback)
  }

  /** True while someone listens to anything. */
  get observed(): boolean {
    return this.sinks.size > 0
  }

  publish(at: EpochMillis, body: EventBody): void {
    if (this.wants(body.type)) this.within(() => this.number(at, { ...body }, null))
    else this.skip(1)
  }

  /**
   * The events of one commit, and how many there were. Entering the async context is dearer than telling an event: once for all. `idOf`
   * gives the id of the one at a place of the commit; `null`: they have none.
   */
  publishAll(at: EpochMillis, tellTo: (sink: EventSink) => void, idOf: ((index: number) => string) | null): number {
    let told = 0
    const sink: EventSink = {
      wants: (type) => this.wants(type),
      tell: (body) => {
        const index = told++
        this.number(at, body, idOf === null || !this.wants(body.type) ? null : idOf(index))
      },
      skip: (count) => {
        told += count
        this.skip(count)
      }
    }
    if (this.observed) this.within(() => tellTo(sink))
    else tellTo(sink)
    return told
  }

  private number(at: EpochMillis, body: EventBody, id: string | null): void {
    const seq = ++this.seq
    if (!this.wants(body.type)) return
    // The body is this event's own: a copy would cost more than telling it. `EventBody` is each member of the union without the fields
    // added here.
    const event = Object.assign(body, id === null ? { at, seq } : { at, seq, id }) as SchedulerEvent
    if (this.telling) this.waiting.push(event)
    else this.tellAll(event)
  }

  private tellAll(event: SchedulerEvent): void {
    this.telling = true
    for (let next: SchedulerEvent | undefined = event; next !== undefined; next = this.waiting.shift()) this.tell(next)
    this.telling = false
  }

  private tell(event: SchedulerEvent): void {
    for (const sink of this.sinks) {
      try {
        sink(event)
      } catch (error) {
        this.report(error, `a listener of ${event.type}`)
      }
    }
  }

  /** Counts `count` events that nobody looks at. */
  skip(count: number): void {
    this.seq += count
  }

  end(): void {
    this.ended = true
    this.within(() => {
      for (const end of this.onEnd) end()
    })
    this.sinks.clear()
    this.wanted.clear()
    this.wantAll = 0
    this.onEnd.clear()
  }
}
