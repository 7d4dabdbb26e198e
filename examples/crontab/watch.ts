/** Keeps a view told: events as they come, and the jobs' records after them. */
import type { Scheduler } from "carillon"
import { eventLines } from "./eventLines.ts"
import { emptyBoard, withEvent, withHistory, withRecords } from "./jobBoard.ts"
import type { View } from "./view.ts"

export interface Watching {
  /** Reads the jobs and their latest runs. */
  refresh(): Promise<void>
  /** Resolves with the reason when the scheduler stops by itself. */
  readonly stopped: Promise<string>
  end(): void
}

/** Records are read at most this often, in milliseconds, however much happens. */
const refreshMs = 100

/** `order`: ids in the order in which the view shows them. */
export const watch = (scheduler: Scheduler, view: View, timezone: string, order: ReadonlyArray<string>): Watching => {
  let board = emptyBoard
  let pending: NodeJS.Timeout | undefined
  let ended = false
  const places = new Map(order.map((id, place) => [id, place]))
  const placeOf = (id: string) => places.get(id) ?? places.size

  const readRecords = async () => {
    const records = (await scheduler.getJobs()).map(({ record }) => record)
    if (ended) return
    board = withRecords(
      board,
      records.sort((a, b) => placeOf(a.id) - placeOf(b.id))
    )
    view.jobs(board)
  }
  const refreshSoon = () => {
    pending ??= setTimeout(() => {
      pending = undefined
      // A scheduler that has stopped answers no more; the view keeps what it has.
      readRecords().catch(() => {})
    }, refreshMs)
  }
  let tellStopped: (reason: string) => void = () => {}
  const stopped = new Promise<string>((resolve) => {
    tellStopped = resolve
  })
  const subscription = scheduler.events$.subscribe((event) => {
    board = withEvent(board, event)
    const lines = eventLines(event, timezone)
    if (lines.length > 0) view.news(lines, event.at)
    if (event.type === "SchedulerStopped") tellStopped(event.reason ?? "no reason given")
    else refreshSoon()
  })

  return {
    refresh: async () => {
      await readRecords()
      board = withHistory(board, await scheduler.getRuns())
      view.jobs(board)
    },
    stopped,
    end: () => {
      ended = true
      clearTimeout(pending)
      subscription.unsubscribe()
    }
  }
}
