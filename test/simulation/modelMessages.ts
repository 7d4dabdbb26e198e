/**
 * What is sent to runs, read from the batches alone: what callers were told is kept is there once, in order, until the run's machine has it in
 * what is saved of it; what was refused is never there.
 */
import type { CheckpointRow, StoreBatch } from "../../src/store/jobStore.ts"
import type { Mail, Report } from "./change.ts"
import type { StoredLive } from "./stored.ts"

/** An event to a run, as it was written. */
interface Sent {
  /** The store's. */
  readonly number: number
  readonly text: string
  /** The simulation's: each event has another. */
  readonly event: number
}

/** The event of the simulation with this number. */
export const eventOf = (event: number): { readonly type: "sent"; readonly event: number } => ({ type: "sent", event })

export class ModelMessages {
  /** By run, in the order in which they were written. */
  private readonly sent = new Map<number, Array<Sent>>()
  /** How many of them are part of what is saved of the run. */
  private readonly taken = new Map<number, number>()
  private readonly events = new Set<number>()
  private readonly refused = new Set<number>()
  /** Runs that have ended. */
  private readonly over = new Set<number>()
  private readonly report: Report

  constructor(report: Report) {
    this.report = report
  }

  /** Whether the event is on disk, or has been. */
  isKept(event: number): boolean {
    return this.events.has(event)
  }

  /** Its caller was told that it is not kept. */
  refuse(event: number): void {
    this.refused.add(event)
    if (this.isKept(event)) this.report("refusedWritten", `event ${event} was refused, and is written`)
  }

  /** What must wait on disk to a run: its texts by number. */
  waitingTo(runKey: number): ReadonlyArray<Sent> {
    return this.over.has(runKey) ? [] : (this.sent.get(runKey) ?? []).slice(this.taken.get(runKey) ?? 0)
  }

  /** Whether the run's machine may have heard just these, in this order. */
  isBeginning(runKey: number, heard: ReadonlyArray<number>): boolean {
    const sent = this.sent.get(runKey) ?? []
    return heard.every((event, index) => sent[index]?.event === event)
  }

  /** All that was sent to the run. */
  to(runKey: number): ReadonlyArray<number> {
    return (this.sent.get(runKey) ?? []).map(({ event }) => event)
  }

  /** A batch is on disk. `heard`: the events in what is saved of a run. */
  commit(
    { messages = [], checkpoints = [], settled }: StoreBatch,
    heard: (text: string) => ReadonlyArray<number>
  ): Mail {
    for (const { runKey, number, text } of messages) {
      const earlier = this.sent.get(runKey) ?? []
      const { event } = JSON.parse(text) as { readonly event: number }
      const what = `event ${event} to run ${runKey}`
      if (this.over.has(runKey)) this.report("sentToOver", `${what} is written, and the run is over`)
      if (this.events.has(event)) this.report("sentTwice", `${what} is written twice`)
      if (this.refused.has(event)) this.report("refusedWritten", `${what} was refused, and is written`)
      const last = earlier.at(-1)?.number ?? 0
      if (number <= last) this.report("sent", `${what} has number ${number}, the one before has ${last}`)
      this.events.add(event)
      this.sent.set(runKey, [...earlier, { number, text, event }])
    }
    for (const row of checkpoints) this.take(row, heard(row.text))
    for (const { runKey, outcome } of settled) if (outcome !== null) this.over.add(runKey)
    const fresh = new Set(messages.map(({ runKey }) => runKey))
    return { isSent: (runKey) => fresh.has(runKey), waits: (runKey) => this.waitingTo(runKey).length > 0 }
  }

  /** A job as it is after a commit: no run of it waits for an event that is there. `through`: when that was decided, at the latest. */
  checkLive(live: ReadonlyArray<StoredLive>, through: number): void {
    for (const { runKey, putAway, retryAt } of live) {
      if (putAway !== true || retryAt === null || (retryAt !== "event" && retryAt <= through)) continue
      const [first] = this.waitingTo(runKey)
      if (first !== undefined)
        this.report("unheard", `run ${runKey} waits for ${retryAt}, and event ${first.event} was sent to it`)
    }
  }

  /** What is saved has in it what was sent, from the first on, each once, and never less than before; its row says how far. */
  private take({ runKey, received = 0 }: CheckpointRow, heard: ReadonlyArray<number>): void {
    const before = this.taken.get(runKey) ?? 0
    const what = `run ${runKey} is saved with events ${heard.join(", ")}`
    if (!this.isBeginning(runKey, heard)) this.report("heard", `${what}, it was sent ${this.to(runKey).join(", ")}`)
    if (heard.length < before) this.report("heard", `${what}, it was saved with ${before} before`)
    const numberOf = (count: number): number => this.sent.get(runKey)?.[count - 1]?.number ?? 0
    if (Math.max(received, numberOf(before)) !== numberOf(heard.length))
      this.report("heard", `${what}, and has received up to number ${received}`)
    this.taken.set(runKey, heard.length)
  }
}
