/** Moves what was committed to an outbox into the scheduler: all at once, and what cannot be added apart from the rest. */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EmbeddedScheduler } from "../scheduler/createScheduler.ts"
import { attempt } from "../scheduler/effectVerb.ts"
import { insideOf } from "../scheduler/schedulerInside.ts"
import { Scheduler } from "../scheduler/schedulerLayer.ts"
import type { AddJobError, VerbError } from "../scheduler/verbErrors.ts"
import type { UnknownCalendarError } from "../trigger/holidayCalendar.ts"
import type { UnknownTriggerError } from "../trigger/triggerRegistry.ts"
import { readOutboxJob } from "./outboxJob.ts"
import type { OutboxRow, OutboxTable } from "./outboxTable.ts"

/** Rows that are moved together. */
const rowsAtOnce = 256

/** What moves everything that is in the table now, and gives how many jobs were added. */
export type Flush = Effect.Effect<number, SqlError | VerbError, SqlClient | Scheduler>

/** Of one table: it remembers what it has told. */
export const newFlush = (table: OutboxTable): Flush => {
  /** Names that nothing is registered under, each told once, however many jobs wait for it. */
  const told = new Set<string>()
  const tell = (error: Waiting) =>
    Effect.suspend(() => {
      const name = `${error._tag} ${missingName(error)}`
      if (told.has(name)) return Effect.void
      told.add(name)
      return Effect.logWarning(`jobs of the outbox wait, the first of them: ${error.message}`)
    })
  /** All at once; where one cannot be added, one by one. What was added is taken out of the table when it is on the scheduler's disk. */
  const move = (
    scheduler: EmbeddedScheduler,
    rows: ReadonlyArray<OutboxRow>
  ): Effect.Effect<number, SqlError | VerbError, SqlClient> =>
    Effect.catchAll(Effect.as(Effect.zipRight(add(scheduler, rows), table.remove(rows)), rows.length), (error) => {
      if (isTemporary(error)) return Effect.fail(error)
      const [row] = rows
      if (row === undefined || rows.length > 1)
        return Effect.map(
          Effect.forEach(rows, (each) => move(scheduler, [each])),
          (counts) => counts.reduce((sum, count) => sum + count, 0)
        )
      return Effect.as(isWaiting(error) ? tell(error) : refuse(table, row, error), 0)
    })
  return Effect.gen(function* () {
    const { scheduler } = yield* Effect.flatMap(Scheduler, insideOf)
    let moved = 0
    let after: OutboxRow["key"] = 0
    for (;;) {
      const rows: ReadonlyArray<OutboxRow> = yield* table.oldest(rowsAtOnce, after)
      const last = rows.at(-1)
      if (last === undefined) return moved
      after = last.key
      moved += yield* move(scheduler, rows)
    }
  })
}

type AddError = AddJobError | UnknownTriggerError | UnknownCalendarError

const add = (scheduler: EmbeddedScheduler, rows: ReadonlyArray<OutboxRow>): Effect.Effect<void, AddError> =>
  Effect.asVoid(
    attempt(async () =>
      scheduler.addJobs(rows.map(({ text }) => readOutboxJob(text, (spec) => scheduler.readTrigger(spec))))
    )
  )

const refuse = (table: OutboxTable, row: OutboxRow, error: Error): Effect.Effect<void, SqlError, SqlClient> =>
  Effect.zipRight(
    table.refuse(row, error.message),
    Effect.logError(`a job of the outbox was refused, and stays in its table: ${error.message}`)
  )

/** Nothing is wrong with the job: what it names may come. */
type Waiting = Extract<AddError, { readonly _tag: (typeof waiting)[number] }>
const waiting = ["UnknownTaskError", "UnknownNameError", "UnknownTriggerError", "UnknownCalendarError"] as const
const isWaiting = (error: AddError): error is Waiting => waiting.some((tag) => tag === error._tag)

const missingName = (error: Waiting): string => {
  switch (error._tag) {
    case "UnknownTaskError":
      return error.task
    case "UnknownNameError":
      return error.name
    case "UnknownTriggerError":
      return error.type
    case "UnknownCalendarError":
      return error.calendar
  }
}

/** The database or the store, not the job. */
type Temporary = SqlError | VerbError
const temporary: ReadonlySet<string> = new Set([
  ...["SqlError", "StoreUnavailable", "StoreUnreadable", "StoreFenced", "StoreConflict"],
  ...["SchedulerNotStartedError", "SchedulerStoppedError"]
])
const isTemporary = (error: AddError | SqlError): error is Temporary => temporary.has(error._tag)
