/**
 * Events from a place on: told again from what is stored up to now, then as they come. Far behind, it reads what is there in slices. Nearly
 * there, what comes meanwhile is kept, and told once the last of the stored ones has been: nothing falls between, nothing comes twice.
 */
import type { Observable, Subscriber } from "rxjs"
import { IsolatedObservable } from "../../event/isolatedObservable.ts"
import type { EventPlace, EventPlaces } from "../../event/eventId.ts"
import { eventId, InvalidCursorError, readEventId } from "../../event/eventId.ts"
import type { SchedulerEvent } from "../../event/schedulerEvent.ts"
import type { CancelTimer } from "../../time/timers.ts"
import { StoreFenced, StoreUnavailable } from "../../store/storeError.ts"
import type { Engine } from "../engine.ts"
import { SchedulerStoppedError } from "../schedulerError.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import type { Replayed } from "./storedHistory.ts"
import { eraOf, storedHistory } from "./storedHistory.ts"

const verb = "eventsAfter$"

/** From the oldest event that is kept. */
export const oldest = "oldest"

/** So few commits behind, what is told meanwhile is kept in memory. */
const nearlyThere = 16
/** After so many rounds too: who reads as fast as others write never comes nearer. */
const mostRounds = 20
const retryMs = 5_000

/** Fails with `InvalidCursorError`, and with a `StoreError` where what is stored cannot be read. */
export const eventsAfter = (engine: Engine, cursor: string): Observable<SchedulerEvent> => {
  const report = (error: unknown): void => engine.options.onError(error, `a subscriber of ${verb}`)
  return new IsolatedObservable<SchedulerEvent>(report, (subscriber) => {
    let from: EventPlaces
    try {
      from = cursor === oldest ? new Map() : readEventId(cursor)
    } catch (error) {
      return subscriber.error(error)
    }
    const replay = new Replay(engine, cursor, from, subscriber)
    const forget = engine.events.whenEnded(() => subscriber.complete())
    replay.begin()
    return () => {
      forget()
      replay.close()
    }
  })
}

class Replay {
  private readonly engine: Engine
  private readonly cursor: string
  /** How far each store is told. */
  private readonly places: Map<string, EventPlace>
  private readonly subscriber: Subscriber<SchedulerEvent>
  /** Stores in whose history the cursor was found. */
  private readonly checked = new Set<string>()
  /** Up to there is told from the stores, and what comes after is heard; `null`: it is still too far behind. */
  private last: EventPlaces | null = null
  /** What was told while the last of the stored ones are read. */
  private readonly heard: Array<SchedulerEvent> = []
  private isLive = false
  private begun = false
  private leave = (): void => undefined
  private cancelRetry: CancelTimer | null = null
  private readonly unwatch: () => void

  constructor(engine: Engine, cursor: string, from: EventPlaces, subscriber: Subscriber<SchedulerEvent>) {
    this.engine = engine
    this.cursor = cursor
    this.places = new Map(from)
    this.subscriber = subscriber
    const ignore = (): void => undefined
    const refreshed = (): void => this.begin()
    this.unwatch = engine.watchers.watch({
      committed: ignore,
      refreshed,
      forgotten: ignore,
      streamChanged: ignore
    })
  }

  /** Once the scheduler has started. */
  begin(): void {
    if (this.begun || !this.engine.awake) return
    this.begun = true
    this.run()
  }

  close(): void {
    this.unwatch()
    this.leave()
    this.cancelRetry?.()
  }

  private run(): void {
    this.catchUp().catch((error: unknown) => {
      if (error instanceof SchedulerStoppedError || this.subscriber.closed) return
      // A fenced store is none of this scheduler's any more.
      if (error instanceof StoreUnavailable || error instanceof StoreFenced)
        this.cancelRetry = this.engine.timers.after(retryMs, () => this.run())
      else this.engine.options.within(() => this.subscriber.error(error))
    })
  }

  private async catchUp(): Promise<void> {
    // Who subscribes while a commit is told hears of it from the store, whole.
    await Promise.resolve()
    for (let rounds = 0; this.last === null; rounds++) {
      if (this.subscriber.closed) return
      if (this.commitsBehind <= nearlyThere || rounds >= mostRounds) this.listen()
      else await this.replay(new Map(this.engine.eventIds.told))
    }
    await this.replay(this.last)
    this.goLive()
  }

  private get commitsBehind(): number {
    let behind = 0
    for (const [store, { number }] of this.engine.eventIds.told)
      behind += number - (this.places.get(store)?.number ?? 0)
    return behind
  }

  /** In one turn: all up to here is stored, and what is committed from here on is heard. */
  private listen(): void {
    this.last = new Map(this.engine.eventIds.told)
    this.leave = this.engine.events.listen((event) => {
      if (this.isLive) this.subscriber.next(event)
      else this.heard.push(event)
    })
  }

  private async replay(through: EventPlaces): Promise<void> {
    const { engine } = this
    const histories: Array<AsyncIterator<Replayed>> = []
    for (const writer of engine.writers) {
      const last = through.get(writer.name)
      const from = this.places.get(writer.name) ?? null
      if (last === undefined) continue
      await this.check(writer, from, last)
      histories.push(storedHistory(engine, writer, from, last))
    }
    for await (const { store, at, place, body } of byTime(histories)) {
      if (this.subscriber.closed) return
      const id = eventId(this.places.set(store, place))
      // `EventBody` is each member of the union without the fields added here.
      engine.options.within(() => this.subscriber.next({ ...body, at, seq: 0, id }))
    }
    // What is behind the last event of a store's last commit is behind all of it.
    for (const writer of engine.writers) {
      const last = through.get(writer.name)
      if (last !== undefined && !this.subscriber.closed) this.places.set(writer.name, last)
    }
  }

  /** Fails where the cursor is of another history than the store's. */
  private async check(writer: StoreWriter, from: EventPlace | null, last: EventPlace): Promise<void> {
    const store = writer.name
    if (this.checked.has(store) || from === null) return
    const { cursor } = this
    if (from.number > last.number) throw new InvalidCursorError({ cursor, reason: "ahead", store })
    const era = from.era === "" || from.number === 0 ? null : await eraOf(this.engine, writer, from.number)
    if (era !== null && era !== from.era) throw new InvalidCursorError({ cursor, reason: "otherStore", store })
    this.checked.add(store)
  }

  private goLive(): void {
    if (this.subscriber.closed) return
    this.engine.options.within(() => {
      // More may come while these are told.
      for (let at = 0; at < this.heard.length; at++) {
        const event = this.heard[at]
        if (event !== undefined) this.subscriber.next(event)
      }
      this.heard.length = 0
      this.isLive = true
    })
  }
}

/** Of several stores, in the order of their instants; of one, as it is. */
async function* byTime(histories: ReadonlyArray<AsyncIterator<Replayed>>): AsyncGenerator<Replayed, undefined> {
  const heads = await Promise.all(histories.map((history) => history.next()))
  for (;;) {
    let earliest: { readonly index: number; readonly replayed: Replayed } | null = null
    for (const [index, head] of heads.entries())
      if (head.done !== true && (earliest === null || head.value.at < earliest.replayed.at))
        earliest = { index, replayed: head.value }
    if (earliest === null) return
    yield earliest.replayed
    const { index } = earliest
    const next = await histories[index]?.next()
    if (next !== undefined) heads[index] = next
  }
}
