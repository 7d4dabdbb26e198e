/** Schedules of BullMQ, pg-boss and Agenda, as they export them, become jobs; what changes by that is told line by line. */
import { Data } from "effect"
import { InvalidOptionError } from "../../engine/schedulerError.ts"
import { oneOf, unknownField } from "../../input/fields.ts"
import { inWords, shortened } from "../../input/inWords.ts"
import { isUnreadableData, unreadableText } from "../../input/readable.ts"
import { readAgendaJob } from "./agenda.ts"
import { readBullMqScheduler } from "./bullmq.ts"
import type { ImportedJob } from "./importedJob.ts"
import { readPgBossSchedule } from "./pgBoss.ts"
import type { CronSource } from "./sourceEntry.ts"
import { SourceEntry } from "./sourceEntry.ts"

/** Whose schedules they are. */
export type ImportSource = "bullmq" | "pg-boss" | "agenda"

/** How they become jobs. */
export interface ImportFromOptions {
  /**
   * Whose reading of cron text the jobs go on with. `"cron-parser"` (default): exactly the fire times that they have; the scheduler needs
   * `triggers: [cronParser]`. `"cron"`: those of `cron()`.
   */
  readonly cron?: CronSource
  /** The task of a schedule, by the name that it has there. Default: the same name. */
  readonly task?: (name: string) => string
}

/** One thing that is not as it was. */
export interface ImportChange {
  /** The job that it is about. */
  readonly jobId: string
  /** Which part of the schedule, as it is called there. */
  readonly field: string
  /** What it says there, in a few words. */
  readonly found: string
  /** What becomes of it here. */
  readonly becomes: string
}

/** What `importFrom` gives. */
export interface ImportedJobs {
  /** For `addJobs`. In the order of the export. */
  readonly jobs: ReadonlyArray<ImportedJob>
  /** Empty: everything is as it was. In the order of the jobs. */
  readonly changes: ReadonlyArray<ImportChange>
  /** The same as lines of text. */
  readonly lines: ReadonlyArray<string>
}

/** An export that cannot be read. Nothing of it was taken. */
export class InvalidImportError extends Data.TaggedError("InvalidImportError")<{
  /** Whose it was said to be. */
  readonly source: ImportSource
  /** Where the fault is, such as `[3].pattern`. */
  readonly place: string
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `importFrom ${this.source}: ${this.place} is ${this.found}, expected ${this.expected}`
  }
}

/**
 * Jobs from what another scheduler has: BullMQ's `queue.getJobSchedulers()`, pg-boss's `boss.getSchedules()`, Agenda's documents (also as
 * `mongoexport` writes them), as values or as JSON text. Names become tasks, payloads `args`. Nothing is added yet: give `jobs` to
 * `addJobs`, after a look at `lines`. Throws `InvalidImportError` for what is no such export, `InvalidOptionError` for the options.
 */
export const importFrom = (source: ImportSource, exported: unknown, options: ImportFromOptions = {}): ImportedJobs => {
  oneOf(source, Object.keys(readers) as ReadonlyArray<ImportSource>, "source", refuseOption)
  const { cron, task } = readOptions(options)
  const refuse = (place: string, found: string, expected: string) =>
    new InvalidImportError({ source, place, found, expected })
  const changes: Array<ImportChange> = []
  const jobs = entriesOf(source, exported).map((fields, index) => {
    const entry = new SourceEntry(fields, `[${index}]`, cron, refuse)
    const job = readers[source](entry)
    changes.push(...entry.finish().map((change) => ({ jobId: job.id, ...change })))
    return { ...job, task: task(job.task) }
  })
  const lines = changes.map(({ jobId, field, found, becomes }) => `${inWords(jobId)}: ${field} ${found} -> ${becomes}`)
  return { jobs, changes, lines }
}

const readers: Readonly<Record<ImportSource, (entry: SourceEntry) => ImportedJob>> = {
  bullmq: readBullMqScheduler,
  "pg-boss": readPgBossSchedule,
  agenda: readAgendaJob
}

const refuseOption = (field: string, found: string, expected: string) =>
  new InvalidOptionError({ option: `importFrom ${field}`, found, expected })

const readOptions = (options: ImportFromOptions): Required<ImportFromOptions> => {
  const given: unknown = options
  if (typeof given !== "object" || given === null) throw refuseOption("options", inWords(given), "an object")
  if (isUnreadableData(given)) throw refuseOption("options", unreadableText, "plain data")
  const surplus = unknownField(given, ["cron", "task"])
  if (surplus !== undefined) throw refuseOption("options", inWords(surplus), "only cron, task")
  const { cron = "cron-parser", task = (name: string) => name } = options
  if (typeof (task as unknown) !== "function") throw refuseOption("task", inWords(task), "a function")
  return { cron: oneOf(cron, ["cron-parser", "cron"], "cron", refuseOption), task }
}

const entriesOf = (source: ImportSource, exported: unknown): ReadonlyArray<object> => {
  const refuse = (place: string, found: unknown, expected: string) =>
    new InvalidImportError({
      source,
      place,
      found: typeof found === "string" ? shortened(found) : inWords(found),
      expected
    })
  let plain: unknown
  try {
    plain = JSON.parse(typeof exported === "string" ? exported : JSON.stringify(exported))
  } catch {
    throw refuse("the export", exported, "JSON")
  }
  if (!Array.isArray(plain)) throw refuse("the export", plain, "a list")
  return plain.map((each: unknown, index) => {
    if (typeof each === "object" && each !== null && !Array.isArray(each)) return each
    throw refuse(`[${index}]`, each, "an object")
  })
}
