/**
 * The runs that a query gives, kept up with every commit. A commit that ends a run tells its key and its end only: so the runs that are
 * live are known as well, from before the list is asked for.
 */
import type { Observable } from "rxjs"
import type { RunRecord } from "../../job/run.ts"
import { textOrder } from "../../store/jobOrder.ts"
import type { RunFilter, RunRow, SettleRow } from "../../store/jobStore.ts"
import { readInstant } from "../../time/instant.ts"
import type { Engine } from "../engine.ts"
import { inTurns } from "../query/jobQueries.ts"
import type { RunQuery } from "../query/queries.ts"
import { checkKnownOptions, listOf, readLimit } from "../query/queryOptions.ts"
import { runRecord } from "../query/runRecord.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import type { UnitOfWork } from "../writer/unitOfWork.ts"
import { placeOfRun } from "../writer/runKeys.ts"
import type { Change, Line, ListSource } from "./watchedList.ts"
import { watchedList } from "./watchedList.ts"

/** Shown where a query names no limit. */
const defaultLimit = 1_000
/** Live runs that are known from before; the end of one beyond them is seen when the list is next asked for. */
const mostLive = 10_000

interface RunLine extends Line<RunRecord> {
  readonly row: RunRow
}

/** In the order of `getRuns`. Fails with `InvalidOptionError` and `InvalidInstantError`. */
export const listedRuns = (engine: Engine, query: RunQuery): Observable<ReadonlyArray<RunRecord>> =>
  watchedList(engine, "runs$", () => new RunSource(engine, query))

class RunSource implements ListSource<RunLine> {
  readonly verb = "runs$"
  readonly store: string | undefined
  readonly limit: number
  private readonly engine: Engine
  private readonly filter: Omit<RunFilter, "limit">
  /** By key: unfinished runs that belong to the list, or will if they end so. */
  private readonly live = new Map<string, { readonly writer: StoreWriter; readonly row: RunRow }>()
  /** What came of runs while the question was under way: its answer may be older. `null`: none is. */
  private meanwhile: Map<string, { readonly writer: StoreWriter; readonly settle: SettleRow }> | null = null
  overflowed = false

  constructor(engine: Engine, query: RunQuery) {
    checkKnownOptions("runs$", query, ["jobId", "outcome", "live", "runId", "from", "to", "store", "limit"])
    const { timezone } = engine.options
    const { jobId, outcome, live, runId, from, to, store, limit } = query
    // A text that is no run's id is the id of no run.
    const place = runId === undefined ? null : (placeOfRun(runId) ?? { store: undefined, runKey: -1 })
    this.engine = engine
    this.store = place?.store ?? store
    this.limit = readLimit(limit, defaultLimit)
    this.filter = {
      ...(jobId === undefined ? {} : { jobId }),
      ...(outcome === undefined ? {} : { outcomes: listOf(outcome) }),
      ...(live === undefined ? {} : { live }),
      ...(place === null ? {} : { runKey: place.runKey }),
      ...(from === undefined ? {} : { from: readInstant(from, timezone) }),
      ...(to === undefined ? {} : { to: readInstant(to, timezone) })
    }
  }

  order(a: RunLine, b: RunLine): number {
    return b.row.fireAt - a.row.fireAt || textOrder(a.store, b.store) || b.row.runKey - a.row.runKey
  }

  /** Those that are live first: one that has ended by then is among the others, or beyond them. */
  async read(writer: StoreWriter, limit: number): Promise<ReadonlyArray<RunLine>> {
    const lines: Array<RunLine> = []
    await this.engine.questions.ask(this.verb, async (question) => {
      const { outcomes: _ended, ...ofRun } = this.filter
      const live = await question.read(writer.store.reads.runs({ ...ofRun, live: true, limit: mostLive }))
      for (const row of live) {
        const key = keyOf(writer, row.runKey)
        if (!this.live.has(key)) this.live.set(key, { writer, row })
      }
      const rows = await question.read(writer.store.reads.runs({ ...this.filter, limit }))
      const bytesOf = ({ result, error }: RunRow): number => (result?.length ?? 0) + (error?.length ?? 0)
      await inTurns(question, lines, rows, bytesOf, (row) => lineOf(writer, row))
    })
    return lines
  }

  asked(): void {
    this.live.clear()
    this.meanwhile = new Map()
    this.overflowed = false
  }

  *changes(
    writer: StoreWriter,
    unit: UnitOfWork,
    known: (key: string) => RunLine | undefined
  ): Iterable<Change<RunLine>> {
    for (const claim of unit.consequences.claims) {
      const row = { ...claim, ...unsettled, jobId: unit.byKey(claim.jobKey)?.row.id ?? "", epoch: writer.store.epoch }
      if (this.isOurs(row)) yield this.changed(writer, row)
    }
    for (const settle of unit.consequences.settled) {
      const key = keyOf(writer, settle.runKey)
      const before = this.live.get(key)?.row ?? known(key)?.row
      if (before !== undefined) yield this.changed(writer, settledRow(before, settle))
      this.keep(key, writer, settle)
    }
  }

  /** An answer that is on its way may show the run as it was. */
  private keep(key: string, writer: StoreWriter, settle: SettleRow): void {
    if (this.meanwhile === null) return
    this.meanwhile.set(key, { writer, settle })
    if (this.meanwhile.size <= mostLive) return
    this.meanwhile.clear()
    this.overflowed = true
  }

  *answered(known: (key: string) => RunLine | undefined): Iterable<Change<RunLine>> {
    const meanwhile = this.meanwhile ?? []
    this.meanwhile = null
    for (const [key, { writer, settle }] of meanwhile) {
      const before = this.live.get(key)?.row ?? known(key)?.row
      if (before !== undefined) yield this.changed(writer, settledRow(before, settle))
    }
  }

  mayBeForgotten({ row }: RunLine): boolean {
    return row.finishedAt !== null
  }

  ofStream(): null {
    return null
  }

  private changed(writer: StoreWriter, row: RunRow): Change<RunLine> {
    const key = keyOf(writer, row.runKey)
    if (row.finishedAt === null) this.live.set(key, { writer, row })
    else this.live.delete(key)
    return { key, line: this.belongs(row) ? lineOf(writer, row) : null }
  }

  /** Whatever becomes of it. */
  private isOurs({ jobId, runKey, fireAt }: RunRow): boolean {
    const { filter } = this
    return (
      (filter.jobId === undefined || filter.jobId === jobId) &&
      (filter.runKey === undefined || filter.runKey === runKey) &&
      (filter.from === undefined || fireAt >= filter.from) &&
      (filter.to === undefined || fireAt <= filter.to)
    )
  }

  private belongs(row: RunRow): boolean {
    const { outcomes, live } = this.filter
    return (
      this.isOurs(row) &&
      (outcomes === undefined || (row.outcome !== null && outcomes.includes(row.outcome))) &&
      (live !== true || row.outcome === null)
    )
  }
}

const unsettled = { attempt: 1, startedAt: null, finishedAt: null, outcome: null, result: null, error: null } as const

/** The first outcome of a run stands. */
const settledRow = (row: RunRow, settle: SettleRow): RunRow =>
  row.finishedAt === null
    ? {
        ...row,
        attempt: settle.attempt,
        startedAt: settle.startedAt,
        finishedAt: settle.finishedAt,
        outcome: settle.outcome,
        result: settle.result,
        error: settle.error
      }
    : row

const lineOf = (writer: StoreWriter, row: RunRow): RunLine => ({
  key: keyOf(writer, row.runKey),
  store: writer.name,
  row,
  item: runRecord(writer, row)
})

const keyOf = ({ name }: StoreWriter, runKey: number): string => `${runKey}/${name}`
