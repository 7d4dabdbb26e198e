/** Reads what a world of kills has left, its database with plain SQL and its outside ledger, and says what is expected of it. */
import { readFileSync } from "node:fs"
import Database from "better-sqlite3"
import type { JobState } from "../../../src/job/snapshot.ts"
import type { LedgerKind } from "../../../src/job/ledger.ts"
import type { Outcome } from "../../../src/job/run.ts"
import type { JobRow, LedgerRow, RunRow } from "../../../src/store/jobStore.ts"
import { isMachine, machines } from "./killPlan.ts"
import type { Disk, ExpectedJob, FireTimesBetween, History, Line } from "../../history/history.ts"

/** Codes of the file format, written down a second time. */
const states: ReadonlyArray<JobState> = ["scheduled", "running", "misfired", "paused", "done"]
const outcomes: ReadonlyArray<Outcome> = ["succeeded", "failed", "timedOut", "cancelled", "interrupted"]
const kinds: ReadonlyArray<LedgerKind> = ["misfired", "coalesced", "paused", "superseded"]

export const readDisk = (filename: string): Disk => {
  const database = new Database(filename, { readonly: true })
  try {
    const jobs = database
      .prepare<[], Stored<JobRow, "value" | "fault">>(
        `SELECT j.key, j.id, j.task, e.name AS executor, j.trigger, j.stream, j.args, j.rules, j.notes, j.added_at AS addedAt,
        j.removed_at AS removedAt, s.value, s.wake_at AS wakeAt, s.fault, s.memory
        FROM jobs j JOIN job_state s ON s.key = j.key JOIN executors e ON e.number = s.executor ORDER BY j.key`
      )
      .all()
      .map((row) => ({ ...row, value: word(states, row.value), fault: row.fault === 1 }))
    const runs = database
      .prepare<[], Stored<RunRow, "outcome">>(
        `SELECT r.run_key AS runKey, r.job_key AS jobKey, j.id AS jobId, r.fire_at AS fireAt, r.request, r.claimed_at AS claimedAt,
        r.epoch, r.args, r.attempt, r.started_at AS startedAt, r.finished_at AS finishedAt, r.outcome, r.result, r.error
        FROM runs r LEFT JOIN jobs j ON j.key = r.job_key ORDER BY r.run_key`
      )
      .all()
      .map((row) => ({ ...row, outcome: row.outcome === null ? null : word(outcomes, row.outcome) }))
    const ledger = database
      .prepare<[], Stored<LedgerRow, "kind">>(
        `SELECT job_key AS jobKey, kind, from_at AS fromAt, through_at AS throughAt, count, reason, run_key AS runKey, at
        FROM ledger ORDER BY entry`
      )
      .all()
      .map((row) => ({ ...row, kind: word(kinds, row.kind) }))
    return { jobs, runs, ledger }
  } finally {
    database.close()
  }
}

/** Rows whose words are still numbers. */
type Stored<Row, Coded extends keyof Row> = Omit<Row, Coded> & { readonly [Field in Coded]: CodeOf<Row[Field]> }
type CodeOf<Word> = null extends Word ? number | null : number

const word = <Word>(words: ReadonlyArray<Word>, code: number | null): Word => {
  const found = words[code ?? -1]
  if (found === undefined) throw new Error(`code ${code} stands for nothing`)
  return found
}

export const readLines = (filename: string): ReadonlyArray<Line> =>
  readFileSync(filename, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line)

export const killHistory = (database: string, ledger: string): History => ({
  disk: readDisk(database),
  seen: readLines(ledger)
})

/** What the rows of `disk` promise: the fire times of an interval are arithmetic, from the start that its trigger names. */
export const expectedJobs = ({ jobs }: Disk): ReadonlyArray<ExpectedJob> =>
  jobs.map(({ key, id, task, trigger, rules, addedAt, removedAt }) => {
    const { every, start } = JSON.parse(trigger) as { readonly every: number; readonly start: number }
    const { maxInstances = 1, retry, onInterrupted = "rerun", overlap } = JSON.parse(rules) as StoredRules
    const after = Math.max(start, addedAt) - 1
    return {
      jobId: id,
      jobKey: key,
      // A pause begins and ends when the engine takes the command: its stretches are checked by `verifyFile`.
      owed: id.startsWith("p")
        ? null
        : [{ after, ...(removedAt === null ? {} : { through: removedAt }), fireTimes: everyFrom(start, every) }],
      maxInstances,
      // To go on after a long wait is an attempt of its own, and none of those that are allowed.
      attempts: (retry?.attempts ?? 1) + (isMachine(task) && machines[task].waitAfter !== null ? 1 : 0),
      // A run that gives way to a newer one is not tried again, nor are those of a removed job.
      rerun: overlap === "cancel-running" ? null : onInterrupted === "rerun"
    }
  })

interface StoredRules {
  readonly maxInstances?: number
  readonly retry?: { readonly attempts: number } | null
  readonly onInterrupted?: "rerun" | "skip"
  readonly overlap?: string
}

const everyFrom =
  (start: number, every: number): FireTimesBetween =>
  (after, through) => {
    const first = start + Math.max(0, Math.ceil((after + 1 - start) / every)) * every
    const count = Math.max(0, Math.floor((through - first) / every) + 1)
    return Array.from({ length: count }, (_, index) => first + index * every)
  }
