/**
 * What a query gives, as an Observable of lists: asked once, then kept up with every commit. Changes that come while the question is under
 * way are laid over its answer, so none falls between the two. Asked again only where no commit tells (a store came or went, retention has
 * deleted), or where so many of a list that is cut off have left it that others come in.
 */
import type { Observable, Subscriber } from "rxjs"
import { IsolatedObservable } from "../../event/isolatedObservable.ts"
import { StoreFenced, StoreUnavailable } from "../../store/storeError.ts"
import type { CancelTimer } from "../../time/timers.ts"
import type { Engine } from "../engine.ts"
import { SchedulerStoppedError } from "../schedulerError.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import type { UnitOfWork } from "../writer/unitOfWork.ts"
import type { Placed } from "./orderedWindow.ts"
import { OrderedWindow } from "./orderedWindow.ts"
import type { CommitWatcher } from "./watchers.ts"

/** A row of a list, and the record that is shown. */
export interface Line<Item> extends Placed {
  readonly store: string
  readonly item: Item
}

/** What a commit did to one row; `line` is `null` where it is none of the list's, or not any more. */
export interface Change<Row extends Placed> {
  readonly key: string
  readonly line: Row | null
}

/** What is listed. Of one subscription. */
export interface ListSource<Row extends Placed> {
  /** Who asks, in errors and reports. */
  readonly verb: string
  /** The only store that is asked; `undefined`: all. */
  readonly store: string | undefined
  readonly limit: number
  order(a: Row, b: Row): number
  /** The first `most` of a store, in order. */
  read(writer: StoreWriter, most: number): Promise<ReadonlyArray<Row>>
  /** `known`: what the list holds of a key. */
  changes(writer: StoreWriter, unit: UnitOfWork, known: (key: string) => Row | undefined): Iterable<Change<Row>>
  /** A question begins: what comes from now on may be understood by its answer only. */
  asked(): void
  /** So much came that it must be asked anew. */
  readonly overflowed: boolean
  /** Those changes, once the answer is there. */
  answered(known: (key: string) => Row | undefined): Iterable<Change<Row>>
  /** Retention may have deleted such a row. */
  mayBeForgotten(line: Row): boolean
  /** The line as it is now that a stream has another status; `null`: it is the same. */
  ofStream(line: Row, stream: string): Row | null
}

/** As many more than are shown are kept at the least, so that those that leave are followed by others that are known. */
const leastSpare = 500
/** Changes laid over an answer, beyond twice the rows that are kept; where there are more it is asked anew. */
const mostOverlaid = 10_000
const retryMs = 5_000

/** `makeSource` throws what is wrong with the query: the Observable fails with it. */
export const watchedList = <Item, Row extends Line<Item>>(
  engine: Engine,
  verb: string,
  makeSource: () => ListSource<Row>
): Observable<ReadonlyArray<Item>> => {
  const report = (error: unknown): void => engine.options.onError(error, `a subscriber of ${verb}`)
  return new IsolatedObservable<ReadonlyArray<Item>>(report, (subscriber) => {
    let list: WatchedList<Item, Row>
    try {
      list = new WatchedList(engine, makeSource(), subscriber)
    } catch (error) {
      return subscriber.error(error)
    }
    const unwatch = engine.watchers.watch(list)
    const forget = engine.events.whenEnded(() => subscriber.complete())
    list.ask()
    return () => {
      unwatch()
      forget()
      list.close()
    }
  })
}

class WatchedList<Item, Row extends Line<Item>> implements CommitWatcher {
  private readonly engine: Engine
  private readonly source: ListSource<Row>
  private readonly subscriber: Subscriber<ReadonlyArray<Item>>
  private readonly most: number
  private readonly window: OrderedWindow<Row>
  /** What came since the question under way was asked; `null`: none is. */
  private overlay: Map<string, Row | null> | null = null
  /** The question must be asked once more. */
  private again = false
  private filled = false
  private cancelRetry: CancelTimer | null = null
  private readonly known = (key: string): Row | undefined => this.overlay?.get(key) ?? this.window.get(key)

  constructor(engine: Engine, source: ListSource<Row>, subscriber: Subscriber<ReadonlyArray<Item>>) {
    this.engine = engine
    this.source = source
    this.subscriber = subscriber
    this.most = source.limit + Math.max(source.limit, leastSpare)
    this.window = new OrderedWindow((a, b) => source.order(a, b), this.most)
  }

  committed(writer: StoreWriter, unit: UnitOfWork): void {
    const { store } = this.source
    if (store !== undefined && store !== writer.name) return
    if (!this.filled && this.overlay === null) return
    let changed = false
    for (const change of this.source.changes(writer, unit, this.known)) changed = this.take(change) || changed
    if (unit.hasUnreadable) this.ask()
    if (changed) this.tell()
  }

  refreshed(): void {
    this.ask()
  }

  forgotten(): void {
    if (this.window.all.some((line) => this.source.mayBeForgotten(line))) this.ask()
  }

  streamChanged(stream: string): void {
    let changed = false
    for (const line of [...this.window.all]) {
      const now = this.source.ofStream(line, stream)
      if (now !== null) changed = this.take({ key: now.key, line: now }) || changed
    }
    if (changed) this.tell()
  }

  close(): void {
    this.cancelRetry?.()
  }

  ask(): void {
    this.cancelRetry?.()
    this.cancelRetry = null
    if (!this.engine.awake || this.subscriber.closed) return
    if (this.overlay !== null) {
      this.again = true
      return
    }
    this.overlay = new Map()
    this.again = false
    this.source.asked()
    this.answer().catch((error: unknown) => {
      this.overlay = null
      if (error instanceof SchedulerStoppedError || this.subscriber.closed) return
      this.engine.options.onError(error, this.source.verb)
    })
  }

  private async answer(): Promise<void> {
    const lines: Array<Row> = []
    let edge: Row | null = null
    for (const writer of this.engine.writers) {
      if (this.source.store !== undefined && this.source.store !== writer.name) continue
      const read = await this.readOf(writer)
      lines.push(...read)
      const last = read.length < this.most ? null : (read.at(-1) ?? null)
      if (last !== null && (edge === null || this.source.order(last, edge) < 0)) edge = last
    }
    const { overlay } = this
    this.overlay = null
    if (this.subscriber.closed) return
    if (this.again || this.source.overflowed || overlay === null) return this.ask()
    this.window.fill(lines, edge)
    this.filled = true
    for (const [key, line] of overlay) this.take({ key, line })
    for (const change of this.source.answered(this.known)) this.take(change)
    this.engine.options.within(() => this.tell())
  }

  /** Of a store that does not answer what is known stands, and it is asked again. */
  private async readOf(writer: StoreWriter): Promise<ReadonlyArray<Row>> {
    try {
      return await this.source.read(writer, this.most)
    } catch (error) {
      if (!(error instanceof StoreUnavailable || error instanceof StoreFenced)) throw error
      this.cancelRetry ??= this.engine.timers.after(retryMs, () => this.ask())
      return this.window.all.filter(({ store }) => store === writer.name)
    }
  }

  /** True: what is shown may have changed. */
  private take({ key, line }: Change<Row>): boolean {
    if (this.overlay !== null) {
      this.overlay.set(key, line)
      // It is asked anew, then.
      if (this.overlay.size > 2 * this.most + mostOverlaid) {
        this.overlay.clear()
        this.again = true
      }
    }
    return line === null ? this.window.drop(key) : this.window.put(line)
  }

  private tell(): void {
    if (!this.filled) return
    if (this.window.lacks(this.source.limit)) this.ask()
    this.subscriber.next(this.window.all.slice(0, this.source.limit).map(({ item }) => item))
  }
}
