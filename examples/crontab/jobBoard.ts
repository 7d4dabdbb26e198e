/** What the views show: for each job its record and what its last runs said. A fold over records and events. Pure. */
import type { JobRecord, Json, Outcome, RunRecord, SchedulerEvent } from "carillon"

export interface BoardJob {
  readonly record: JobRecord
  /** Of the newest run that started; `null` before the first. */
  readonly lastRun: BoardRun | null
  /** Fire times that misfired, and that were coalesced into another's run, since the start. */
  readonly misfired: number
  readonly coalesced: number
}

export interface BoardRun {
  readonly fireAt: number
  /** Start minus fire time, milliseconds; `null` when it never started. */
  readonly latenessMs: number | null
  readonly startedAt: number | null
  /** `null` while it executes. */
  readonly finishedAt: number | null
  readonly outcome: Outcome | null
  /** The last line that it printed, or its error. */
  readonly said: string
}

export type Board = ReadonlyMap<string, BoardJob>

export const emptyBoard: Board = new Map()

/** The board with these jobs and no others; what is known of their runs stays. */
export const withRecords = (board: Board, records: ReadonlyArray<JobRecord>): Board =>
  new Map(
    records.map((record) => [
      record.id,
      { ...(board.get(record.id) ?? { lastRun: null, misfired: 0, coalesced: 0 }), record }
    ])
  )

/** The board with runs of an earlier start, for jobs that have had none since. */
export const withHistory = (board: Board, runs: ReadonlyArray<RunRecord>): Board =>
  runs.reduce((known, run) => {
    if (run.startedAt === null || known.get(run.jobId)?.lastRun !== null) return known
    return withRun(known, run.jobId, () => ({
      fireAt: run.fireAt,
      latenessMs: run.startedAt === null ? null : run.startedAt - run.fireAt,
      startedAt: run.startedAt,
      finishedAt: run.finishedAt,
      outcome: run.outcome,
      said: run.error?.message ?? lastLine(outputOf(run.result))
    }))
  }, board)

export const withEvent = (board: Board, event: SchedulerEvent): Board => {
  switch (event.type) {
    case "RunStarted":
      return withRun(board, event.jobId, () => ({
        fireAt: event.fireAt,
        latenessMs: event.at - event.fireAt,
        startedAt: event.at,
        finishedAt: null,
        outcome: null,
        said: ""
      }))
    case "RunProgressed": {
      const said = linesOf(event.value).at(-1)
      return said === undefined ? board : withRun(board, event.jobId, (run) => ({ ...run, said }))
    }
    case "RunSucceeded":
      return withRun(board, event.jobId, (run) => ({ ...run, ...endOf(event), outcome: "succeeded" }))
    case "RunFailed":
    case "RunTimedOut":
    case "RunCancelled":
    case "RunInterrupted":
      return withRun(board, event.jobId, (run) => ({
        ...run,
        ...endOf(event),
        outcome: outcomeOf[event.type],
        said: event.error?.message ?? run.said
      }))
    case "FireMisfired":
      return withJob(board, event.jobId, (job) => ({ ...job, misfired: job.misfired + event.count }))
    case "FireCoalesced":
      return withJob(board, event.jobId, (job) => ({ ...job, coalesced: job.coalesced + event.count }))
    default:
      return board
  }
}

/** The times as the crontab has them. */
export const scheduleText = ({ record }: Pick<BoardJob, "record">): string => {
  const { schedule } = record.metadata
  return typeof schedule === "string" ? schedule : ""
}

/** The lines of a piece of progress, none when it is no shell command's. */
export const linesOf = (value: Json): ReadonlyArray<string> => {
  const lines = fieldOf(value, "lines")
  return Array.isArray(lines) ? lines.filter((line) => typeof line === "string") : []
}

export const outcomeOf = {
  RunFailed: "failed",
  RunTimedOut: "timedOut",
  RunCancelled: "cancelled",
  RunInterrupted: "interrupted"
} as const satisfies Record<string, Outcome>

interface End {
  readonly fireAt: number
  readonly startedAt: number | null
  readonly finishedAt: number
}

const endOf = ({ fireAt, startedAt, finishedAt }: End) => ({
  fireAt,
  latenessMs: startedAt === null ? null : startedAt - fireAt,
  startedAt,
  finishedAt
})

const noRun: BoardRun = { fireAt: 0, latenessMs: null, startedAt: null, finishedAt: null, outcome: null, said: "" }

const withRun = (board: Board, id: string, change: (run: BoardRun) => BoardRun): Board =>
  withJob(board, id, (job) => ({ ...job, lastRun: change(job.lastRun ?? noRun) }))

const withJob = (board: Board, id: string, change: (job: BoardJob) => BoardJob): Board => {
  const job = board.get(id)
  return job === undefined ? board : new Map([...board, [id, change(job)]])
}

const outputOf = (result: Json): string => {
  const output = fieldOf(result, "output")
  return typeof output === "string" ? output : ""
}

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? ""

const fieldOf = (value: Json, name: string): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [name: string]: Json })[name]
    : undefined
