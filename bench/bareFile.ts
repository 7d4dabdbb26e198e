/**
 * The raw limit: bare better-sqlite3 writing the rows that a scheduler wrote, into the same schema, with the same settings
 * and in transactions of the same size, all values ready. The rows are read from a file that a scheduler has served.
 */
import Database from "better-sqlite3"
import { sleep } from "./meter.ts"

type Value = string | number | null
type Row = Readonly<Record<string, Value>>

/** The rows of one run: as claimed, with its job's state, and as settled, with its job's state. */
interface RunRows {
  readonly claim: ReadonlyArray<Value>
  readonly claimed: ReadonlyArray<Value>
  readonly settle: ReadonlyArray<Value>
  readonly settled: ReadonlyArray<Value>
}

/** What a scheduler wrote for one run of each job. */
export interface ServedRows {
  readonly runs: ReadonlyArray<RunRows>
  readonly stateColumns: ReadonlyArray<string>
  /** Runs that shared a transaction, on average. */
  readonly perCommit: number
}

const claimColumns = ["run_key", "job_key", "fire_at", "request", "claimed_at", "epoch", "args"]
const settleColumns = ["run_key", "attempt", "started_at", "finished_at", "outcome", "result", "error"]

/** Reads what a scheduler wrote that did nothing but serve each job's first fire time. */
export const readServedRows = (filename: string): ServedRows => {
  const file = open(filename)
  try {
    const states = new Map(all(file, "SELECT * FROM job_state").map((row) => [row["key"], row]))
    const stateColumns = Object.keys(states.values().next().value ?? {})
    const served = all(file, "SELECT * FROM runs ORDER BY run_key")
    const commits = Number(all(file, "SELECT sequence FROM owner")[0]?.["sequence"] ?? NaN)
    const runs = served.map((run): RunRows => {
      const settled = states.get(run["job_key"] ?? null) ?? {}
      return {
        claim: claimColumns.map((column) => run[column] ?? null),
        claimed: stateColumns.map((column) => claimedState(settled, run)[column] ?? null),
        settle: [...claimColumns, ...settleColumns.slice(1)].map((column) => run[column] ?? null),
        settled: stateColumns.map((column) => settled[column] ?? null)
      }
    })
    return { runs, stateColumns, perCommit: Math.max(1, Math.round(served.length / commits)) }
  } finally {
    file.close()
  }
}

/** The state as it was between claim and outcome: the run is live, the last outcome is not known. */
const claimedState = (settled: Row, run: Row): Row => ({
  ...settled,
  value: 1,
  ...("done_at" in settled ? { done_at: null } : {}),
  memory: String(settled["memory"]).replace(
    `"lastOutcome":"succeeded"`,
    `"live":[{"runKey":${String(run["run_key"])},"fireAt":${String(run["fire_at"])},"attempt":1,"retryAt":null}]`
  )
})

/** Writes the rows into a copy of the file that the scheduler started from. Opened beforehand, so that only writing is measured. */
export const bareServer = (filename: string, { runs, stateColumns, perCommit }: ServedRows) => {
  const file = open(filename)
  const write = writerOf(file)
  // The outcome changes less than the claim did: a column that stays as it is is not written, nor its index touched.
  const ofClaim = stateColumns.filter((column) => column !== "key")
  const ofOutcome = stateColumns.filter((_, at) => runs.some(({ claimed, settled }) => claimed[at] !== settled[at]))
  const upsertStates = (columns: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<Value>>): void =>
    write(
      (values) =>
        `INSERT INTO job_state(${stateColumns.join()}) VALUES ${values} ON CONFLICT(key) DO UPDATE SET ${updated(columns)}`,
      rows
    )
  const advance = file.prepare("UPDATE owner SET sequence = sequence + 1, finished_runs = finished_runs + ?")
  const begin = file.prepare("BEGIN IMMEDIATE")
  const commit = file.prepare("COMMIT")
  const groups = inGroups(runs, perCommit)
  return {
    /** As the engine does: the outcomes of one group and the claims of the next share a transaction. */
    run: (): void => {
      let ended: ReadonlyArray<RunRows> = []
      for (const group of [...groups, []]) {
        begin.run()
        advance.run(ended.length)
        if (ended.length > 0) {
          upsertStates(
            ofOutcome,
            ended.map(({ settled }) => settled)
          )
        }
        if (group.length > 0) {
          upsertStates(
            ofClaim,
            group.map(({ claimed }) => claimed)
          )
          write(
            insertRuns,
            group.map(({ claim }) => claim)
          )
        }
        if (ended.length > 0) {
          write(
            settleRuns,
            ended.map(({ settle }) => settle)
          )
        }
        commit.run()
        ended = group
      }
    },
    close: (): void => void file.close()
  }
}

const updated = (columns: ReadonlyArray<string>): string =>
  columns.map((column) => `${column} = excluded.${column}`).join()

const insertRuns = (values: string): string => `INSERT INTO runs(${claimColumns.join()}) VALUES ${values}`

/** An upsert of rows that are there takes three quarters of the time of UPDATE … FROM. */
const settleRuns = (values: string): string =>
  `INSERT INTO runs(${[...claimColumns, ...settleColumns.slice(1)].join()}) VALUES ${values}
  ON CONFLICT(run_key) DO UPDATE SET ${updated(settleColumns.slice(1))} WHERE finished_at IS NULL`

/** What a scheduler wrote when jobs were added. */
export interface AddedRows {
  readonly tables: ReadonlyArray<{
    readonly name: string
    readonly columns: ReadonlyArray<string>
    readonly rows: ReadonlyArray<ReadonlyArray<Value>>
  }>
  readonly perCommit: number
}

/** Reads the jobs and states of a file to which one scheduler has only added jobs. */
export const readAddedRows = (filename: string): AddedRows => {
  const file = open(filename)
  try {
    const commits = Number(all(file, "SELECT sequence FROM owner")[0]?.["sequence"] ?? NaN)
    const tables = ["jobs", "job_state"].map((name) => {
      const rows = all(file, `SELECT * FROM ${name} ORDER BY key`)
      const columns = Object.keys(rows[0] ?? {})
      return { name, columns, rows: rows.map((row) => columns.map((column) => row[column] ?? null)) }
    })
    return { tables, perCommit: Math.max(1, Math.round((tables[0]?.rows.length ?? 0) / commits)) }
  } finally {
    file.close()
  }
}

/** Adds the rows to a file that a scheduler has made and added nothing to. */
export const bareAdder = (filename: string, { tables, perCommit }: AddedRows) => {
  const file = open(filename)
  const write = writerOf(file)
  // The scheduler gave the executor its number when it first added a job.
  file.exec("INSERT OR IGNORE INTO executors(number, name) VALUES (1, 'default')")
  const count = tables[0]?.rows.length ?? 0
  const commits = tables.map(({ rows }) => inGroups(rows, perCommit))
  const begin = file.prepare("BEGIN IMMEDIATE")
  const commit = file.prepare("COMMIT")
  return {
    run: (): void => {
      for (let group = 0; group * perCommit < count; group++) {
        begin.run()
        tables.forEach(({ name, columns }, index) =>
          write((values) => `INSERT INTO ${name}(${columns.join()}) VALUES ${values}`, commits[index]?.[group] ?? [])
        )
        commit.run()
      }
    },
    close: (): void => void file.close()
  }
}

/** Milliseconds that each of `count` synced commits of one row takes, begun every `everyMs`: what a claim waits for at the least. */
export const bareCommits = async (filename: string, everyMs: number, count: number): Promise<ReadonlyArray<number>> => {
  const file = open(filename)
  const advance = file.prepare("UPDATE owner SET sequence = sequence + 1")
  const taken: Array<number> = []
  for (let commit = 0; commit < count; commit++) {
    await sleep(everyMs)
    const start = performance.now()
    advance.run()
    taken.push(performance.now() - start)
  }
  file.close()
  return taken
}

/** As the store opens its file. */
const open = (filename: string): Database.Database => {
  const file = new Database(filename)
  for (const pragma of [
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "wal_autocheckpoint = 16000",
    "cache_size = -32768"
  ]) {
    file.pragma(pragma)
  }
  return file
}

const all = (file: Database.Database, sql: string): ReadonlyArray<Row> => file.prepare(sql).all() as ReadonlyArray<Row>

/** Statements of at most this many rows, as the store writes them. */
const rowsPerStatement = 256

const writerOf = (file: Database.Database) => {
  const prepared = new Map<string, Database.Statement>()
  return (sql: (values: string) => string, rows: ReadonlyArray<ReadonlyArray<Value>>): void => {
    for (const stretch of inGroups(rows, rowsPerStatement)) {
      const row = `(${Array(stretch[0]?.length ?? 0).fill("?").join()})` // prettier-ignore
      const text = sql(Array(stretch.length).fill(row).join())
      const statement = prepared.get(text) ?? file.prepare(text)
      prepared.set(text, statement)
      statement.run(...stretch.flat())
    }
  }
}

const inGroups = <A>(rows: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(rows.length / size) }, (_, group) => rows.slice(group * size, (group + 1) * size))
