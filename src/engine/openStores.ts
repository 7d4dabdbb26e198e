/**
 * A scheduler's open stores: opened with what a dead owner left in them settled, closed with their scope. A name is taken from
 * the moment that its store begins to open; one that has not opened when all are closed is closed as soon as it has.
 */
import { Cause, Effect, Exit, Scope } from "effect"
import type { JobStore, RunRow, StoreOwner, WakePlace } from "../store/jobStore.ts"
import { stopMark, stopWasAsked } from "../store/stopMark.ts"
import {
  byJobs,
  forgetStop,
  hiddenPerCommit,
  interruptOrphans,
  orphansPerPage,
  underOwnExecutor
} from "./writer/recovery.ts"
import { adoptedRuns } from "./writer/adoptedRuns.ts"
import type { Intent } from "./writer/intent.ts"
import type { WriterHost } from "./writer/writerHost.ts"
import { NameTakenError } from "./schedulerError.ts"
import type { StoreFenced } from "../store/storeError.ts"
import { StoreMended } from "../store/storeError.ts"
import type { EpochMillis } from "../time/instant.ts"
import { StoreWriter } from "./writer/storeWriter.ts"
import { acquittal } from "./writer/suspects.ts"
import { reckonAtStart } from "./correction/clockCorrection.ts"
import { failureOf, runStore } from "./storePromise.ts"
import { onceFree } from "./storeWait.ts"

/** A store that another owner has taken. */
export interface FencedStore {
  readonly error: StoreFenced
  readonly since: EpochMillis
  readonly description: string
}

interface OpenedStore {
  readonly writer: StoreWriter
  readonly scope: Scope.CloseableScope
  readonly description: string
}

export interface Owning {
  /** As of now: a start may have waited. */
  readonly owner: () => StoreOwner
  readonly waitMs: number
}

export class OpenStores {
  private readonly stores = new Map<string, OpenedStore>()
  /** Those that another owner has taken, until they are removed or added again. */
  readonly fenced = new Map<string, FencedStore>()
  private readonly opening = new Map<string, Promise<StoreWriter>>()
  /** Why no store is opened any more; what waits for one is told by `ending`. */
  private ended: { readonly error: unknown } | null = null
  private readonly ending = new AbortController()
  private readonly host: WriterHost

  constructor(host: WriterHost) {
    this.host = host
  }

  /** In the order in which they were opened. */
  get writers(): ReadonlyArray<StoreWriter> {
    return [...this.stores.values()].map(({ writer }) => writer)
  }

  get several(): boolean {
    return this.stores.size > 1
  }

  get names(): ReadonlyArray<string> {
    return [...this.stores.keys()]
  }

  get descriptions(): ReadonlyMap<string, string> {
    return new Map([...this.stores].map(([name, { description }]) => [name, description]))
  }

  writer(name: string): StoreWriter | undefined {
    return this.stores.get(name)?.writer
  }

  /**
   * Waits `waitMs` for another owner to leave. It claims once what a dead owner left is settled and `prepare` is through. Rejects with `NameTakenError` or the store's own
   * error; nothing is left open then. `closeAll` interrupts it, however long the store would make it wait.
   */
  async open(
    name: string,
    store: JobStore,
    owning: Owning,
    prepare: (writer: StoreWriter) => Promise<void>
  ): Promise<StoreWriter> {
    if (this.stores.has(name) || this.opening.has(name)) throw new NameTakenError({ kind: "store", name })
    const opened = this.openFree(name, store, owning, prepare)
    this.opening.set(name, opened)
    try {
      return await opened
    } finally {
      this.opening.delete(name)
    }
  }

  /** No wake-up comes any more; what is pending still goes through. */
  quiet(): void {
    for (const writer of this.writers) writer.stopWaking()
  }

  /** What is pending fails with `error`. */
  async close(name: string, error: unknown): Promise<void> {
    const opened = this.stores.get(name)
    if (opened === undefined) return
    this.stores.delete(name)
    opened.writer.close(error)
    await Effect.runPromise(Scope.close(opened.scope, Exit.void))
  }

  /** The same for one that another owner has taken. */
  fence(name: string, error: StoreFenced, since: EpochMillis): Promise<void> {
    this.fenced.set(name, { error, since, description: this.stores.get(name)?.description ?? "" })
    return this.close(name, error)
  }

  /** True when another owner had taken it. */
  forgetFenced(name: string): boolean {
    return this.fenced.delete(name)
  }

  /** Resolves when none is open, those included that were about to be. */
  async closeAll(error: unknown): Promise<void> {
    this.ended = { error }
    this.ending.abort()
    // Who asked for one that is still opening hears why it did not.
    const opening = [...this.opening.values()].map((opened) => opened.catch(() => undefined))
    await Promise.all([...this.names.map((name) => this.close(name, error)), ...opening])
  }

  private async openFree(
    name: string,
    store: JobStore,
    owning: Owning,
    prepare: (writer: StoreWriter) => Promise<void>
  ): Promise<StoreWriter> {
    const scope = await Effect.runPromise(Scope.make())
    const opening = onceFree(
      Effect.suspend(() => store.open(owning.owner())),
      owning.waitMs,
      this.host.timers
    )
    const opened = await Effect.runPromiseExit(Scope.extend(opening, scope), { signal: this.ending.signal })
    if (this.ended !== null) {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      throw Exit.isFailure(opened) && !Cause.isInterruptedOnly(opened.cause) ? failureOf(opened) : this.ended.error
    }
    if (Exit.isFailure(opened)) {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      throw failureOf(opened)
    }
    const writer = new StoreWriter(name, opened.value, this.host)
    for (const cause of opened.value.mended ?? [])
      this.host.report(new StoreMended({ store: name, cause }), `store "${name}"`)
    this.stores.set(name, { writer, scope, description: store.description })
    try {
      await this.orGivenUp(
        writer,
        this.recover(writer).then(() => prepare(writer))
      )
      writer.startClaiming()
    } catch (error) {
      await this.close(name, error)
      throw error
    }
    return writer
  }

  /** A running scheduler tries a store for ever; one that starts fails with the store: late where it is away, else at once. */
  private async orGivenUp(writer: StoreWriter, work: Promise<void>): Promise<void> {
    const { commandTimeoutMs } = this.host
    let forget = (): void => undefined
    const givenUp = new Promise<void>((resolve, reject) => {
      const forgetLost = writer.onLost((error) => {
        if (error._tag !== "StoreUnavailable" || writer.awayMs >= commandTimeoutMs) reject(error)
      })
      const ended = (): void => resolve()
      this.ending.signal.addEventListener("abort", ended)
      forget = () => {
        forgetLost()
        this.ending.signal.removeEventListener("abort", ended)
      }
    })
    try {
      await Promise.race([work, givenUp])
      if (this.ended !== null) throw this.ended.error
    } finally {
      forget()
    }
  }

  /** Orphans first, so that no job claims beside a run that may still be counted live. */
  private async recover(writer: StoreWriter): Promise<void> {
    const orphans = await this.orphans(writer)
    const adopted = await adoptedRuns(writer, orphans, this.host.dispatcher, this.ending.signal, (intent) =>
      settled(writer, intent)
    )
    await runStore(writer.deliverWaiting(adopted))
    await this.settleOrphans(writer, orphans, adopted)
    await this.mendExecutors(writer)
    await reckonAtStart(writer, this.host)
  }

  /**
   * A damaged name of an executor, or number of one, hides jobs from their own: they are written anew under it. Of an executor that is not
   * registered the first page is looked at, and the next as long as there is such a job.
   */
  private async mendExecutors(writer: StoreWriter): Promise<void> {
    const query = { now: Number.MAX_SAFE_INTEGER, exceptTasks: [], exceptKeys: [] }
    const { others } = await runStore(writer.store.due({ ...query, executors: [] }))
    for (const name of others.filter((each) => !this.host.dispatcher.has(each))) {
      const seen = new Set<number>()
      for (let from: WakePlace | undefined; ;) {
        const executors = [{ name, limit: hiddenPerCommit, from }]
        const { byExecutor } = await runStore(writer.store.due({ ...query, executors }))
        const rows = (byExecutor.get(name)?.rows ?? []).filter(({ key }) => !seen.has(key))
        const [last, hidden] = [rows.at(-1), rows.filter(({ executor }) => executor !== name)]
        if (last === undefined || hidden.length === 0) break
        for (const { key } of rows) seen.add(key)
        await committed(writer, (resolve, reject) => underOwnExecutor(hidden, resolve, reject))
        from = last.wakeAt === null ? undefined : { wakeAt: last.wakeAt, key: last.key }
      }
    }
  }

  /**
   * Those that are adopted go on. Of those that one more crash would park, one that was alone is the culprit, and parked; nothing is held against the others then.
   * Where there are several, none is.
   */
  private async settleOrphans(
    writer: StoreWriter,
    all: ReadonlyArray<RunRow>,
    adopted: ReadonlySet<number>
  ): Promise<void> {
    const orphans = all.filter(({ runKey }) => !adopted.has(runKey))
    const ending = stopWasAsked(writer.store, orphans) ? "stop" : "crash"
    const suspects = new Map<number, ReadonlyArray<RunRow>>()
    for (const slice of byJobs(orphans))
      await committed(writer, (resolve, reject) => interruptOrphans(slice, ending, suspects, resolve, reject))
    // It spoke of those that go on, too: from now on they are this owner's.
    if (all.length > 0 && writer.store.marks.has(stopMark)) await committed(writer, forgetStop)
    if (suspects.size === 0) return
    const verdict = suspects.size === 1 ? ending : "sharedCrash"
    await committed(writer, (resolve, reject) => interruptOrphans(suspects, verdict, null, resolve, reject))
    if (suspects.size > 1) return
    for (const slice of byJobs(orphans))
      await committed(writer, (resolve, reject) => acquittal([...slice.keys()], resolve, reject))
  }

  /** A damaged index may give a run again and again: keys that do not ascend end the list. */
  private async orphans(writer: StoreWriter): Promise<ReadonlyArray<RunRow>> {
    const orphans: Array<RunRow> = []
    for (let after = 0; ; after = orphans.at(-1)?.runKey ?? after) {
      const page = await runStore(writer.store.orphans(after, orphansPerPage))
      const further = page.filter(({ runKey }, index) => runKey > (page[index - 1]?.runKey ?? after))
      if (further.length === 0) return orphans
      orphans.push(...further)
    }
  }
}

const committed = (
  writer: StoreWriter,
  intent: (done: () => void, failed: (error: unknown) => void) => Intent
): Promise<void> => settled(writer, intent)

const settled = <A>(
  writer: StoreWriter,
  intent: (resolve: (value: A) => void, reject: (error: unknown) => void) => Intent
): Promise<A> => new Promise((resolve, reject) => writer.submit(intent(resolve, reject)))
