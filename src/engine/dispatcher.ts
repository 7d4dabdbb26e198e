/**
 * Hands committed runs to their executors and brings the outcomes back. Knows no job and no store. An executor may be anyone's:
 * what it throws is reported, and a run that it throws at, or settles with what is no settlement, has failed. A few lines long of 300, so
 * that who has an order at each moment can be read in one piece.
 */
import { heed } from "../event/callback.ts"
import type {
  AttemptId,
  Executor,
  ExecutorContext,
  ExecutorProvider,
  ExecutorStatus,
  RunListener
} from "../executor/executor.ts"
import { inWords } from "../input/inWords.ts"
import type { AwaitedEnd, Settlement } from "../executor/executor.ts"
import { checkSettlement, InvalidSettlementError } from "../executor/settlement.ts"
import type { RunMessage } from "../task/runMessage.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { DispatchedOrder, OrderSource } from "./dispatchedOrder.ts"
import { askToAdopt } from "./adoption.ts"
import { ExecutorClosings } from "./executorClosings.ts"
import { failedBy, neverStarted } from "./unmadeAttempt.ts"

interface Slot {
  readonly provider: ExecutorProvider
  readonly executor: Executor
  /** Committed orders that the executor had no room for: several runs of one job, requests, reruns. */
  readonly overflow: Array<DispatchedOrder>
}

/** What every executor is given. */
export type ExecutorEnvironment = Omit<ExecutorContext, "name" | "listener">

export class Dispatcher {
  private readonly slots = new Map<string, Slot>()
  private readonly orders = new Map<string, DispatchedOrder>()
  private readonly environment: ExecutorEnvironment
  private readonly released: (source: OrderSource) => void
  private readonly report: (name: string, error: unknown, doing: string) => void
  private readonly ended: (name: string, settlement: Settlement) => void
  private readonly closings: ExecutorClosings
  private waiting: Array<() => void> = []
  /** Characters of results that wait for their commit. */
  private unsaved = 0
  /** Nothing is started any more. */
  private closed = false

  /** `released` hears whose order has made room, `report` what an executor threw or did wrong, `ended` how it ended each attempt. */
  constructor(
    environment: ExecutorEnvironment,
    released: (source: OrderSource) => void,
    report: (name: string, error: unknown, doing: string) => void,
    ended: (name: string, settlement: Settlement) => void = () => undefined
  ) {
    this.environment = environment
    this.released = released
    this.report = report
    this.ended = ended
    this.closings = new ExecutorClosings(environment.timers, report)
  }

  get names(): ReadonlyArray<string> {
    return [...this.slots.keys()]
  }

  has(name: string): boolean {
    return this.slots.has(name)
  }

  add(name: string, provider: ExecutorProvider): void {
    const overflow: Array<DispatchedOrder> = []
    const executor = provider.make({ ...this.environment, name, listener: this.listener(name) })
    this.slots.set(name, { provider, executor, overflow })
  }

  /**
   * Ends the executor's runs as `interrupted` and forgets it. What it has not ended itself is ended when its close is over, which is when
   * the promise resolves; `null`: it is.
   */
  remove(name: string): Promise<void> | null {
    const slot = this.slots.get(name)
    if (slot === undefined) return null
    const over = this.closeSlot(name, slot)
    this.slots.delete(name)
    const left = [...this.orders.values()].filter(({ executor }) => executor === name)
    const interrupt = (): void => {
      for (const dispatched of left)
        if (this.orders.get(dispatched.order.runId) === dispatched)
          this.settle(dispatched, neverStarted("interrupted", this.now))
    }
    if (over !== null) return over.then(interrupt)
    interrupt()
    return null
  }

  /** Runs that `name` would take at once. 0 for an executor that does not exist. */
  free(name: string): number {
    const slot = this.slots.get(name)
    return slot === undefined || this.held ? 0 : Math.max(0, this.freeIn(name, slot) - slot.overflow.length)
  }

  /** Orders that are out: executing, queued or waiting here. */
  get live(): number {
    return this.orders.size
  }

  /** True while the order is out: executing, queued or waiting here. */
  holds(runId: string): boolean {
    return this.orders.has(runId)
  }

  /** Orders of one source that are out. */
  liveOf(source: OrderSource): number {
    let live = 0
    for (const dispatched of this.orders.values()) if (dispatched.source === source) live += 1
    return live
  }

  /** Resolves when the next order has settled; at once when none is out. */
  nextSettled(): Promise<void> {
    return this.orders.size === 0 ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve))
  }

  /** Starts an attempt whose claim is committed. */
  submit(dispatched: DispatchedOrder): void {
    const { order, executor } = dispatched
    const slot = this.slots.get(executor)
    this.orders.set(order.runId, dispatched)
    // Removed since the claim was decided, or asked for by `runJob`; or all are closed: the attempt never starts.
    if (slot === undefined || this.closed) return this.settle(dispatched, neverStarted("interrupted", this.now))
    if (this.held || slot.overflow.length > 0 || this.freeIn(executor, slot) === 0) slot.overflow.push(dispatched)
    else this.give(slot, dispatched)
  }

  /** True for an executor that may still be making attempts of a dead owner. */
  adopts(name: string): boolean {
    return this.guarded(name, "adopt", () => this.slots.get(name)?.executor.adopt !== undefined, false)
  }

  /**
   * Asks an executor which of these attempts it is still making: they are out as if they had been submitted here. Resolves with those, and
   * with those that have settled meanwhile.
   */
  async adopt(
    name: string,
    asked: ReadonlyArray<DispatchedOrder>,
    calledOff: AbortSignal
  ): Promise<ReadonlyArray<DispatchedOrder>> {
    // Before it answers: an attempt may end while it thinks.
    for (const dispatched of asked) this.orders.set(dispatched.order.runId, dispatched)
    const ids = asked.map(({ order: { runId, attempt } }) => ({ runId, attempt }))
    const ask = (): unknown => this.slots.get(name)?.executor.adopt?.(ids)
    const theirs = await askToAdopt(name, ask, this.environment.timers, calledOff, (error) =>
      this.report(name, error, "adopt")
    )
    const adopted = asked.filter((dispatched) => {
      const { runId } = dispatched.order
      if (this.orders.get(runId) !== dispatched || theirs.has(runId)) return true
      this.orders.delete(runId)
      return false
    })
    this.tellSettled()
    return adopted
  }

  /** Aborts a run: its outcome is `cancelled`. False when it is not out. */
  cancel(runId: string): boolean {
    const dispatched = this.orders.get(runId)
    const slot = dispatched === undefined ? undefined : this.slots.get(dispatched.executor)
    if (dispatched === undefined || slot === undefined) return false
    const at = slot.overflow.indexOf(dispatched)
    if (at === -1) return this.guarded(dispatched.executor, "cancel", () => slot.executor.cancel(runId), false)
    slot.overflow.splice(at, 1)
    this.settle(dispatched, neverStarted("cancelled", this.now))
    return true
  }

  /** Gives a run that is out an event; of any other it comes with the next attempt's order. */
  deliver(runId: string, message: RunMessage): void {
    const dispatched = this.orders.get(runId)
    const slot = dispatched === undefined ? undefined : this.slots.get(dispatched.executor)
    if (dispatched === undefined || slot === undefined) return
    const at = slot.overflow.indexOf(dispatched)
    if (at === -1) {
      this.guarded(dispatched.executor, "deliver", () => slot.executor.deliver?.(runId, message), undefined)
      return
    }
    const { order } = dispatched
    const more = { ...dispatched, order: { ...order, messages: [...(order.messages ?? []), message] } }
    slot.overflow[at] = more
    this.orders.set(runId, more)
  }

  /** Aborts all runs of one source. */
  cancelAll(source: OrderSource): void {
    for (const dispatched of [...this.orders.values()])
      if (dispatched.source === source) this.cancel(dispatched.order.runId)
  }

  /** Of a run that was aborted and goes on, since its job awaits its end; `null` for any other. */
  awaited(runId: string): AwaitedEnd | null {
    const dispatched = this.orders.get(runId)
    const slot = dispatched === undefined ? undefined : this.slots.get(dispatched.executor)
    if (dispatched === undefined || slot === undefined) return null
    return this.guarded(dispatched.executor, "awaited", () => slot.executor.awaited?.(runId) ?? null, null)
  }

  /** Ends everything that is out as `interrupted`, and whatever is still to come: a claim may be on its way to the disk. */
  closeAll(): void {
    this.closed = true
    for (const [name, slot] of this.slots) void this.closeSlot(name, slot)
  }

  /** Resolves when executors that close have ended, removed ones too, or have had their time; `deadline` is the stop's. */
  closingEnded(deadline: Promise<void>): Promise<void> {
    return this.closings.ended(deadline)
  }

  status(): ReadonlyMap<string, ExecutorStatus & { readonly concurrency: number; readonly queue: number }> {
    const statuses = new Map<string, ExecutorStatus & { concurrency: number; queue: number }>()
    for (const [name, { executor, overflow, provider }] of this.slots) {
      const status = this.guarded(name, "status", () => executor.status(), unknownLoad)
      statuses.set(name, {
        ...status,
        queued: status.queued + overflow.length,
        concurrency: provider.concurrency,
        queue: provider.queue
      })
    }
    return statuses
  }

  /** `null`: it has ended. */
  private closeSlot(name: string, slot: Slot): Promise<void> | null {
    for (const dispatched of slot.overflow.splice(0)) {
      this.settle(dispatched, neverStarted("interrupted", this.now))
    }
    try {
      return this.closings.watch(name, slot.executor.close())
    } catch (error) {
      this.report(name, error, "close")
      return null
    }
  }

  private get now(): EpochMillis {
    return this.environment.timers.now()
  }

  /** Asked for every order, so without the functions that `guarded` takes. */
  private freeIn(name: string, { executor }: Slot): number {
    try {
      const free: unknown = executor.free()
      if (typeof free === "number") return free
      heed(free, (error) => this.report(name, error, "free"))
    } catch (error) {
      this.report(name, error, "free")
    }
    return 0
  }

  private give(slot: Slot, dispatched: DispatchedOrder): void {
    try {
      const given: unknown = slot.executor.submit(dispatched.order)
      if (given !== undefined) heed(given, (error) => this.refused(dispatched, error))
    } catch (error) {
      this.refused(dispatched, error)
    }
  }

  /** Refused or broken: either way this attempt will not be made. Unless the executor has settled it already. */
  private refused(dispatched: DispatchedOrder, error: unknown): void {
    this.report(dispatched.executor, error, "submit")
    if (this.orders.get(dispatched.order.runId) === dispatched) this.settle(dispatched, failedBy(error, this.now))
  }

  private checked(name: string, settlement: Settlement): Settlement {
    try {
      checkSettlement(settlement)
    } catch (error) {
      this.report(name, error, "settled")
      return failedBy(error, this.now)
    }
    // Whatever becomes of this, the attempt has ended as it has.
    try {
      this.ended(name, settlement)
    } catch (error) {
      this.report(name, error, "settled")
    }
    return settlement
  }

  private guarded<A>(name: string, doing: string, call: () => A, otherwise: A): A {
    const report = (error: unknown): void => this.report(name, error, doing)
    try {
      const given = call()
      heed(given, report)
      return given
    } catch (error) {
      report(error)
      return otherwise
    }
  }

  private listener(name: string): RunListener {
    return {
      started: (attempt, at) => {
        const own = this.ordered(attempt)
        if (own === undefined) return
        try {
          own.source.started(own, at)
        } catch (error) {
          this.report(name, error, "started")
        }
      },
      progressed: (attempt, value) => {
        const own = this.ordered(attempt)
        if (own !== undefined) this.guarded(name, "progressed", () => own.source.progressed(own, value), undefined)
      },
      checkpointed: (attempt, text, received = 0) => {
        const own = this.ordered(attempt)
        const take = (): void => own?.source.checkpointed(own, checkedText(text), checkedNumber(received))
        if (own !== undefined) this.guarded(name, "checkpointed", take, undefined)
      },
      settled: (attempt, settlement) => {
        const own = this.ordered(attempt)
        if (own === undefined) return
        try {
          this.settle(own, this.checked(name, settlement))
        } catch (error) {
          this.report(name, error, "settled")
        }
        this.refill(name)
      }
    }
  }

  /** The order that is spoken of, while it is out: what an executor elsewhere tells of an earlier attempt is of no interest any more. */
  private ordered({ runId, attempt }: AttemptId): DispatchedOrder | undefined {
    const own = this.orders.get(runId)
    return own?.order.attempt === attempt ? own : undefined
  }

  /** The outcome is on disk, or will never be. */
  saved({ source }: DispatchedOrder, settlement: Settlement): void {
    const { held } = this
    this.unsaved -= settlement.result?.length ?? 0
    if (!held || this.held) return
    for (const name of this.slots.keys()) this.refill(name)
    this.released(source)
  }

  /** Nothing is started while so much is not saved yet: what is done faster than it is written would fill the memory. */
  private get held(): boolean {
    return this.unsaved >= mostUnsaved
  }

  private settle(dispatched: DispatchedOrder, settlement: Settlement): void {
    const { order, source } = dispatched
    this.orders.delete(order.runId)
    this.unsaved += settlement.result?.length ?? 0
    source.settled(dispatched, settlement)
    this.released(source)
    this.tellSettled()
  }

  private tellSettled(): void {
    if (this.waiting.length > 0) for (const resolve of this.waiting.splice(0)) resolve()
  }

  private refill(name: string): void {
    const slot = this.slots.get(name)
    if (slot === undefined) return
    while (!this.held && slot.overflow.length > 0 && this.freeIn(name, slot) > 0) {
      const dispatched = slot.overflow.shift()
      if (dispatched !== undefined) this.give(slot, dispatched)
    }
  }
}

/** What is no text cannot be written: whoever tells it is told so. */
const checkedText = (text: unknown): string => {
  if (typeof text === "string" && text !== "") return text
  throw new InvalidSettlementError({ field: "a checkpoint", found: inWords(text), expected: "JSON text" })
}

const checkedNumber = (received: unknown): number => {
  if (typeof received === "number" && Number.isSafeInteger(received) && received >= 0) return received
  const expected = "the number of a message, or 0"
  throw new InvalidSettlementError({ field: "a checkpoint's received", found: inWords(received), expected })
}

/** Characters: some commits' worth, so that tasks and disk both have work. */
const mostUnsaved = 2_000_000

const unknownLoad: ExecutorStatus = { running: 0, queued: 0, stuck: 0 }
