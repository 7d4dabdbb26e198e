/**
 * Which runs of one store were sent what no checkpoint of theirs has taken in, by number. Kept in memory beside the store: an end of a run, and
 * an attempt that starts, ask it instead of the store. Holds no texts.
 */
import { Effect } from "effect"
import type { MessageRow, OpenStore } from "../../store/jobStore.ts"
import type { StoreError } from "../../store/storeError.ts"
import type { RunMessage } from "../../task/runMessage.ts"
import { eventOf } from "../../task/runMessage.ts"
import type { Start } from "./consequences.ts"
import type { SentBefore } from "./unitEnvironment.ts"
import type { UnitOfWork } from "./unitOfWork.ts"

const none: ReadonlyArray<number> = []

export class Inbox implements SentBefore {
  /** The number of the next message. */
  next: number
  private readonly waiting: Map<number, ReadonlyArray<number>>

  constructor({ nextMessage, waiting }: Pick<OpenStore, "nextMessage" | "waiting">) {
    this.next = nextMessage
    this.waiting = new Map(waiting)
  }

  /** What waits to a run, ascending. */
  numbers(runKey: number): ReadonlyArray<number> {
    return this.waiting.get(runKey) ?? none
  }

  /** The unit is on disk. */
  follow({ messages, checkpoints, consequences }: UnitOfWork): void {
    for (const { runKey, number } of messages) {
      this.waiting.set(runKey, [...this.numbers(runKey), number])
      this.next = number + 1
    }
    if (this.waiting.size === 0) return
    for (const [runKey, { received = 0 }] of checkpoints) this.keep(runKey, (number) => number > received)
    for (const runKey of consequences.runsEnded) this.waiting.delete(runKey)
  }

  /** It cannot be read, and keeps no run from waiting. Its row goes with what comes after it, or with the run. */
  private leave({ runKey, number }: MessageRow): void {
    this.keep(runKey, (each) => each !== number)
  }

  private keep(runKey: number, stays: (number: number) => boolean): void {
    const left = this.numbers(runKey).filter(stays)
    if (left.length === 0) this.waiting.delete(runKey)
    else this.waiting.set(runKey, left)
  }

  /** Gives the attempts that the unit starts what was sent to their runs; `null`: nothing was. `damaged` hears what cannot be read. */
  find(
    { messages, checkpoints, consequences }: UnitOfWork,
    store: OpenStore,
    damaged: (row: MessageRow) => void
  ): Effect.Effect<void, StoreError> | null {
    if (this.waiting.size === 0 && messages.length === 0) return null
    const again = consequences.starts.filter(({ attempt }) => attempt > 1)
    const stored = again.filter(({ runKey }) => this.waiting.has(runKey))
    if (again.length === 0) return null
    const give = (start: Start, rows: ReadonlyArray<MessageRow>): void => {
      const received = checkpoints.get(start.runKey)?.received ?? 0
      const own = [...rows.filter(({ number }) => number > received), ...messages.filter(isTo(start.runKey))]
      const given = messagesOf(own, (row) => {
        this.leave(row)
        damaged(row)
      })
      if (given.length > 0) start.messages = given
    }
    if (stored.length === 0) {
      for (const start of again) give(start, [])
      return null
    }
    return Effect.map(store.messages(stored.map(({ runKey }) => runKey)), (found) => {
      for (const start of again) give(start, found.get(start.runKey) ?? [])
    })
  }
}

const isTo =
  (runKey: number) =>
  (row: MessageRow): boolean =>
    row.runKey === runKey

/** One that cannot be read is left out: nobody can take it in. */
export const messagesOf = (
  rows: ReadonlyArray<MessageRow>,
  damaged: (row: MessageRow) => void
): ReadonlyArray<RunMessage> =>
  rows.flatMap((row) => {
    const event = eventOf(row.text)
    if (event === null) damaged(row)
    return event === null ? [] : [{ number: row.number, event }]
  })
