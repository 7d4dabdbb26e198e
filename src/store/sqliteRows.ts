/** How rows lie in SQLite: small integers for words, and the columns of each query. The codes are the file format: append only. */
import type { LedgerKind } from "../job/ledger.ts"
import type { Outcome } from "../job/run.ts"
import type { JobState } from "../job/snapshot.ts"
import type { JobRow, LedgerRow, RunRow } from "./jobStore.ts"

export const stateCodes: Readonly<Record<JobState, number>> = {
  scheduled: 0,
  running: 1,
  misfired: 2,
  paused: 3,
  done: 4
}
export const outcomeCodes: Readonly<Record<Outcome, number>> = {
  succeeded: 0,
  failed: 1,
  timedOut: 2,
  cancelled: 3,
  interrupted: 4
}
export const kindCodes: Readonly<Record<LedgerKind, number>> = { misfired: 0, coalesced: 1, paused: 2, superseded: 3 }

/** A code as its word. An unknown one comes back as text of no word: whoever decodes the row refuses that row, no other. */
const decoder = <Word extends string>(codes: Readonly<Record<Word, number>>): ((code: number) => Word) => {
  const words = Object.keys(codes) as Array<Word>
  return (code) => words[code] ?? (`code ${code}` as Word)
}

export const stateOf = decoder(stateCodes)
const outcomeOf = decoder(outcomeCodes)
const kindOf = decoder(kindCodes)

export interface StoredJob extends Omit<JobRow, "value" | "fault" | "executor"> {
  readonly executor: number
  readonly value: number
  readonly fault: number
}

export interface StoredRun extends Omit<RunRow, "outcome"> {
  readonly outcome: number | null
}

export interface StoredLedger extends Omit<LedgerRow, "kind"> {
  readonly jobId: string
  readonly kind: number
}

/** Of `jobs j` and `job_state s`. */
export const jobColumns = `j.key, j.id, j.task, j.trigger, j.stream, j.args, j.rules, j.notes, j.added_at AS addedAt,
  j.removed_at AS removedAt, s.value, s.wake_at AS wakeAt, s.fault, s.executor,
  s.memory`

/** Of `runs r` and `jobs j`. */
export const runColumns = `r.run_key AS runKey, r.job_key AS jobKey, j.id AS jobId, r.fire_at AS fireAt, r.request,
  r.claimed_at AS claimedAt, r.epoch, r.args, r.attempt, r.started_at AS startedAt, r.finished_at AS finishedAt, r.outcome,
  r.result, r.error`

/** Of `ledger l` and `jobs j`. */
export const ledgerColumns = `l.job_key AS jobKey, j.id AS jobId, l.kind, l.from_at AS fromAt, l.through_at AS throughAt, l.count,
  l.reason, l.run_key AS runKey, l.at`

export const jobRow = (stored: StoredJob, executor: string): JobRow => ({
  key: stored.key,
  id: stored.id,
  task: stored.task,
  executor,
  trigger: stored.trigger,
  stream: stored.stream,
  args: stored.args,
  rules: stored.rules,
  notes: stored.notes,
  addedAt: stored.addedAt,
  removedAt: stored.removedAt,
  value: stateOf(stored.value),
  wakeAt: stored.wakeAt,
  fault: stored.fault !== 0,
  memory: stored.memory
})

export const runRow = (stored: StoredRun): RunRow => ({
  ...stored,
  outcome: stored.outcome === null ? null : outcomeOf(stored.outcome)
})

export const ledgerRow = (stored: StoredLedger): LedgerRow & { readonly jobId: string } => ({
  ...stored,
  kind: kindOf(stored.kind)
})

/** Sizes of many-row statements. Powers of two: any batch is a few statements, and few texts are kept prepared. */
export const chunkSizes = [256, 128, 64, 32, 16, 8, 4, 2, 1] as const

/** Splits `rows` into stretches of those sizes, in order. */
export const inChunks = <Row>(rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<Row>> => {
  const chunks: Array<ReadonlyArray<Row>> = []
  let from = 0
  for (const size of chunkSizes) {
    for (; rows.length - from >= size; from += size) {
      chunks.push(from === 0 && rows.length === size ? rows : rows.slice(from, from + size))
    }
  }
  return chunks
}

/** The text of a statement for `rows` rows, made once per size. */
export const sized = (text: (rows: number) => string): ((rows: number) => string) => {
  const made = new Map<number, string>()
  return (rows) => {
    const known = made.get(rows)
    if (known !== undefined) {
      return known
    }
    const sql = text(rows)
    made.set(rows, sql)
    return sql
  }
}

/** `(?,?),(?,?)` for `rows` rows of `columns` columns. */
export const placeholders = (rows: number, columns: number): string =>
  Array(rows)
    .fill(`(${Array(columns).fill("?").join(",")})`)
    .join(",")
