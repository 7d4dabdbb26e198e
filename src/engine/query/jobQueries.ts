/** What callers ask: jobs, runs, the ledger, what comes next. Read from the stores, so the answer is what is on disk. */
import { wholeNumber } from "../../input/fields.ts"
import { awaitsEnd } from "../../job/fixedDelay.ts"
import { checkIdText } from "../../job/jobOptions.ts"
import type { LedgerEntry } from "../../job/ledger.ts"
import type { MisfireReason } from "../../job/misfire.ts"
import type { RunRecord } from "../../job/run.ts"
import type { JobRow, RunRow } from "../../store/jobStore.ts"
import { readInstant } from "../../time/instant.ts"
import { entryAt, InstantHeap } from "../../time/instantHeap.ts"
import { checkedNext } from "../../trigger/checkedTrigger.ts"
import { missingOf } from "../../trigger/missingTrigger.ts"
import type { Engine } from "../engine.ts"
import type { JobQuery, LedgerQuery, PreviewEntry, RunQuery } from "./queries.ts"
import { jobFilter, jobQueryFields } from "./queries.ts"
import type { Question } from "../questions.ts"
import { placeOfRun } from "../writer/runKeys.ts"
import type { Job } from "../job/jobCodec.ts"
import { JobUnreadableError } from "../job/jobCodec.ts"
import { checkKnownOptions, listOf, readLimit } from "./queryOptions.ts"
import type { JobRecord } from "../job/jobRecord.ts"
import { runRecord } from "./runRecord.ts"
import { recordOfRow } from "../job/jobRecord.ts"
import { InvalidOptionError, UnknownJobError } from "../schedulerError.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"

/** What is made into records between two turns for others: some milliseconds. */
const recordsPerTurn = 500
const bytesPerTurn = 2_000_000

/** Bytes of arguments, results and errors in an answer whose limit the caller has left to us. */
const answerBytes = 64_000_000

const boundedBytes = ({ limit }: { readonly limit?: number | undefined }): { readonly bytes?: number } =>
  limit === undefined ? { bytes: answerBytes } : {}

/** Fire times that `preview` finds between two turns for others: with a trigger of the slower kinds some milliseconds. */
const entriesPerTurn = 500

export class JobQueries {
  private readonly engine: Engine

  constructor(engine: Engine) {
    this.engine = engine
  }

  /**
   * Where a job is, or `undefined`. Stores are asked in the order in which they were given, those that are away last: they keep nobody
   * from a job of another. Rejects with a store's error where the job may be in that one.
   */
  async find(
    id: string,
    verb: string
  ): Promise<{ readonly writer: StoreWriter; readonly record: JobRecord; readonly key: number } | undefined> {
    checkIdText(id)
    this.engine.mustAnswer(verb)
    const { writers, fenced } = this.engine
    const failures: Array<unknown> = [...fenced.values()].map(({ error }) => error)
    for (const writer of [...writers.filter(({ lost }) => !lost), ...writers.filter(({ lost }) => lost)]) {
      try {
        const [row] = await this.engine.questions.read(verb, writer.store.reads.jobs({ ids: [id] }))
        // A driver may read ill-formed text as another id.
        if (row?.id === id) return { writer, key: row.key, record: this.recordOf(row, writer) }
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    return undefined
  }

  async mustFind(id: string, verb: string) {
    const found = await this.find(id, verb)
    if (found === undefined) throw new UnknownJobError({ jobId: id, verb })
    return found
  }

  /** Those of `ids` that are in use, and where. */
  async taken(ids: ReadonlyArray<string>): Promise<ReadonlyArray<{ readonly id: string; readonly store: string }>> {
    const found: Array<{ readonly id: string; readonly store: string }> = []
    for (const writer of this.engine.writers) {
      for (const { id } of await this.engine.read("addJob", writer.store.reads.jobs({ ids })))
        found.push({ id, store: writer.name })
    }
    return found
  }

  async jobs(query: JobQuery): Promise<ReadonlyArray<JobRecord>> {
    checkKnownOptions("getJobs", query, [...jobQueryFields, "limit"])
    const limit = readLimit(query.limit, 10_000)
    const filter = { ...jobFilter(query), limit, ...boundedBytes(query) }
    const records: Array<JobRecord> = []
    for (const writer of this.writers(query.store, "getJobs")) {
      const recordOf = (row: JobRow): JobRecord => this.recordOf(row, writer)
      await this.engine.questions.ask("getJobs", async (question) => {
        const rows = await question.read(writer.store.reads.jobs(filter))
        await inTurns(question, records, rows, ({ args, notes }) => args.length + notes.length, recordOf)
      })
    }
    return this.engine.writers.length === 1 ? records : records.sort(byNextFire).slice(0, limit)
  }

  async runs(query: RunQuery): Promise<ReadonlyArray<RunRecord>> {
    checkKnownOptions("getRuns", query, ["jobId", "outcome", "live", "runId", "from", "to", "store", "limit"])
    const { timezone } = this.engine.options
    const limit = readLimit(query.limit, 1000)
    const { jobId, outcome, live, runId, from, to } = query
    const place = runId === undefined ? null : placeOfRun(runId)
    if (runId !== undefined && place === null) return []
    const filter = {
      ...(jobId === undefined ? {} : { jobId }),
      ...(outcome === undefined ? {} : { outcomes: listOf(outcome) }),
      ...(live === undefined ? {} : { live }),
      ...(place === null ? {} : { runKey: place.runKey }),
      ...(from === undefined ? {} : { from: readInstant(from, timezone) }),
      ...(to === undefined ? {} : { to: readInstant(to, timezone) }),
      limit,
      ...boundedBytes(query)
    }
    const records: Array<RunRecord> = []
    for (const writer of this.writers(place?.store ?? query.store, "getRuns")) {
      await this.engine.questions.ask("getRuns", async (question) => {
        const rows = await question.read(writer.store.reads.runs(filter))
        const bytesOf = ({ result, error }: RunRow): number => (result?.length ?? 0) + (error?.length ?? 0)
        await inTurns(question, records, rows, bytesOf, (row) => runRecord(writer, row))
      })
    }
    return this.engine.writers.length === 1 ? records : records.sort((a, b) => b.fireAt - a.fireAt).slice(0, limit)
  }

  async ledger(query: LedgerQuery): Promise<ReadonlyArray<LedgerEntry>> {
    checkKnownOptions("getLedger", query, ["jobId", "kind", "from", "to", "store", "limit"])
    const { timezone } = this.engine.options
    const limit = readLimit(query.limit, 1000)
    const { jobId, kind = ["misfired", "coalesced"], from, to } = query
    const filter = {
      ...(jobId === undefined ? {} : { jobId }),
      kinds: listOf(kind),
      ...(from === undefined ? {} : { from: readInstant(from, timezone) }),
      ...(to === undefined ? {} : { to: readInstant(to, timezone) }),
      limit
    }
    const entries: Array<LedgerEntry> = []
    for (const writer of this.writers(query.store, "getLedger")) {
      for (const row of await this.engine.questions.read("getLedger", writer.store.reads.ledger(filter))) {
        entries.push({
          jobId: row.jobId,
          kind: row.kind,
          from: row.fromAt,
          through: row.throughAt,
          count: row.count,
          reason: row.reason as MisfireReason | null,
          into: row.kind !== "coalesced" || row.runKey === null ? null : writer.runId(row.runKey),
          at: row.at
        })
      }
    }
    return this.engine.writers.length === 1 ? entries : entries.sort((a, b) => b.through - a.through).slice(0, limit)
  }

  /** The next `count` fire times, of one job or of all, in order of time. At most 10,000. Nothing is changed. */
  async preview(count: number, jobId?: string): Promise<ReadonlyArray<PreviewEntry>> {
    wholeNumber(
      count,
      [1, 10_000],
      "preview's count",
      (option, found, expected) => new InvalidOptionError({ option, found, expected })
    )
    this.engine.mustAnswer("preview")
    const jobs = await this.previewed(count, jobId)
    const upcoming = new InstantHeap()
    for (const [index, { memory, trigger }] of jobs.entries()) {
      const { nextFireAt, exhausted, pausedAt } = memory
      if (trigger.after === "run" && awaitsEnd(memory)) continue
      if (nextFireAt !== null && !exhausted && pausedAt === null) upcoming.insert(entryAt(nextFireAt, index))
    }
    const entries: Array<PreviewEntry> = []
    await this.engine.questions.ask("preview", (question) => fireTimesToCome(question, upcoming, jobs, entries, count))
    return entries
  }

  /** Only the `count` jobs that fire soonest can be among the next `count` fire times. */
  private async previewed(count: number, jobId: string | undefined): Promise<ReadonlyArray<Job>> {
    const jobs: Array<Job> = []
    for (const writer of this.engine.writers) {
      const rows = await this.engine.questions.read(
        "preview",
        jobId === undefined
          ? writer.store.reads.jobs({ states: ["scheduled", "running", "misfired"], limit: count })
          : writer.store.reads.jobs({ ids: [jobId] })
      )
      for (const row of rows) {
        const job = row.fault ? null : this.readable(row)
        if (job !== null) jobs.push(job)
      }
    }
    if (jobId !== undefined && jobs.length === 0) await this.mustFind(jobId, "preview")
    return jobs
  }

  /** A row that cannot be read has no fire time; it is parked when it comes due. */
  private readable(row: JobRow): Job | null {
    try {
      const job = this.engine.codec.decode(row)
      return missingOf(job.trigger) === null ? job : null
    } catch (error) {
      if (error instanceof JobUnreadableError) return null
      throw error
    }
  }

  private recordOf(row: JobRow, writer: StoreWriter): JobRecord {
    return recordOfRow(row, writer.name, this.engine.codec, this.engine.streams)
  }

  private writers(store: string | undefined, verb: string): ReadonlyArray<StoreWriter> {
    this.engine.mustAnswer(verb)
    return store === undefined ? this.engine.writers : [this.engine.writerNamed(store)]
  }
}

/** The first `count` fire times of `jobs`, from the next of each on. */
const fireTimesToCome = async (
  question: Question,
  upcoming: InstantHeap,
  jobs: ReadonlyArray<Job>,
  entries: Array<PreviewEntry>,
  count: number
): Promise<void> => {
  while (entries.length < count) {
    const first = upcoming.take()
    const job = first === undefined ? undefined : jobs[first.key]
    if (first === undefined || job === undefined) break
    entries.push({ jobId: job.row.id, fireAt: first.at })
    // A fixed delay has one until its run has ended.
    const next = job.trigger.after === "run" ? undefined : checkedNext(job.trigger, first.at)
    if (next !== undefined) upcoming.insert(entryAt(next, first.key))
    if (entries.length % entriesPerTurn === 0) await question.turn()
  }
}

/** Makes records of rows, some at a time, and lets go of each row's texts as it does. */
export const inTurns = async <Row, Made>(
  question: Question,
  into: Array<Made>,
  rows: ReadonlyArray<Row>,
  bytesOf: (row: Row) => number,
  make: (row: Row) => Made
): Promise<void> => {
  const left = rows.toReversed()
  let bytes = 0
  let made = 0
  for (let row = left.pop(); row !== undefined; row = left.pop()) {
    if (made >= recordsPerTurn || bytes >= bytesPerTurn) {
      await question.turn()
      bytes = made = 0
    }
    into.push(make(row))
    bytes += bytesOf(row)
    made += 1
  }
}

/** Of several stores: among equals the order of the stores, in each that of adding. */
const byNextFire = (a: JobRecord, b: JobRecord): number =>
  a.nextFireAt === b.nextFireAt ? 0 : (a.nextFireAt ?? Infinity) - (b.nextFireAt ?? Infinity)
