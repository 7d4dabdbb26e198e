/**
 * What the SQLite store costs beside bare better-sqlite3 writing the same rows into the same schema in the same run: a loop of
 * 256 claims with states, then 256 settles with states, each one synced commit; and jobs added in bulk. Batches alternate, so
 * that a busy machine is busy for both; CPU time, which other processes hardly touch, is the figure to compare. Alone:
 * `node --import tsx bench/store.ts`. Long because the bare writer beside the store's is the same work by hand.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import Database from "better-sqlite3"
import { Effect } from "effect"
import { sqlite } from "../src/sqlite.ts"
import type {
  ClaimRow,
  JobDefinitionRow,
  JobStateRow,
  OpenStore,
  SettleRow,
  StoreBatch
} from "../src/store/jobStore.ts"
import { memory } from "../src/store/memory/memoryStore.ts"
import { migrations } from "../src/store/sqlite/migrations/migrations.ts"

/** `wall`: per second (or milliseconds a call); `cpuMicros`: CPU time, user and system, for one job, run or call. */
export interface StoreCost {
  readonly wall: number
  readonly cpuMicros: number
}

export interface StoreFigure {
  readonly name: string
  readonly unit: string
  readonly carillon: StoreCost
  readonly bare: StoreCost | null
  /** The longest of the measured calls, milliseconds. */
  readonly longestMs: number
}

/** Measures in a directory of its own, removed afterwards. */
export const benchStore = async ({ jobs = 50_000, rounds = 5 } = {}): Promise<ReadonlyArray<StoreFigure>> => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-bench-"))
  try {
    return await Effect.runPromise(Effect.scoped(measure(directory, jobs, rounds)))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const measure = (directory: string, jobs: number, rounds: number) =>
  Effect.gen(function* () {
    const owner = { pid: process.pid, host: "bench", startedAt: 0 }
    const file = yield* sqlite({ filename: join(directory, "carillon.db") }).open(owner)
    const inMemory = yield* memory().open(owner)
    const bare = openBare(join(directory, "bare.db"))
    const target = sequenced(file)
    const memoryTarget = sequenced(inMemory)

    const figures: Array<StoreFigure> = []
    const note = (name: string, unit: string, count: number, carillon: Spent, bareSpent: Spent | null) =>
      figures.push({
        name,
        unit,
        carillon: costOf(unit, count, carillon),
        bare: bareSpent === null ? null : costOf(unit, count, bareSpent),
        longestMs: carillon.longestMs
      })
    for (const { name, idOf, firstKey } of [
      { name: "add jobs, sequential ids", idOf: (index: number) => `job-${index}`, firstKey: 1 },
      { name: "add jobs, random ids", idOf: randomId, firstKey: jobs + 1 }
    ]) {
      const batches = inBatches(jobs, 1024, (index) => newJob(firstKey + index, idOf(index)))
      const [carillon, bareSpent] = yield* raced(batches, [target.add, (batch) => Effect.sync(() => bare.add(batch))])
      note(name, "jobs/s", jobs, carillon, bareSpent)
      yield* Effect.forEach(batches, memoryTarget.add, { discard: true })
    }

    const runs = inBatches(rounds * jobs, 256, (index) => runOf(Math.floor(index / jobs), index % jobs, jobs))
    const [carillon, bareSpent, memorySpent] = yield* raced(runs, [
      target.run,
      (batch) => Effect.sync(() => bare.run(batch)),
      memoryTarget.run
    ])
    note("claim and settle in 256s", "runs/s", rounds * jobs, carillon, bareSpent)
    note("the same in memory", "runs/s", rounds * jobs, memorySpent, null)

    const turns = Array.from({ length: 100 }, () => 256)
    const [due, bareDue] = yield* raced(turns, [
      (limit) => file.due({ now: farAhead, executors: [{ name: "default", limit }], exceptTasks: [], exceptKeys: [] }),
      (limit) => Effect.sync(() => bare.due(farAhead, limit))
    ])
    note("due(256)", "ms", turns.length, due, bareDue)
    bare.close()
    return figures
  })

interface Spent {
  readonly wallMs: number
  readonly cpuMicros: number
  readonly longestMs: number
}

const nothingSpent: Spent = { wallMs: 0, cpuMicros: 0, longestMs: 0 }

/** Gives each input to each contestant in turn; what each spent in all. */
const raced = <Input, E, Contestants extends ReadonlyArray<(input: Input) => Effect.Effect<unknown, E>>>(
  inputs: ReadonlyArray<Input>,
  contestants: readonly [...Contestants]
): Effect.Effect<{ readonly [Index in keyof Contestants]: Spent }, E> =>
  Effect.reduce(
    inputs,
    contestants.map(() => nothingSpent),
    (totals, input) =>
      Effect.map(
        Effect.forEach(contestants, (contestant) => measured(contestant(input))),
        (turns) => totals.map((total, index) => added(total, turns[index] ?? nothingSpent))
      )
  ) as Effect.Effect<{ readonly [Index in keyof Contestants]: Spent }, E>

const added = (total: Spent, turn: Spent): Spent => ({
  wallMs: total.wallMs + turn.wallMs,
  cpuMicros: total.cpuMicros + turn.cpuMicros,
  longestMs: Math.max(total.longestMs, turn.longestMs)
})

const costOf = (unit: string, count: number, { wallMs, cpuMicros }: Spent): StoreCost => ({
  wall: unit === "ms" ? wallMs / count : Math.round((count / wallMs) * 1000),
  cpuMicros: cpuMicros / count
})

const farAhead = 9_000_000_000_000
const firstFire = 1_760_000_000_000

interface RunRows {
  readonly claim: ClaimRow
  readonly claimed: JobStateRow
  readonly settle: SettleRow
  readonly settled: JobStateRow
}

type NewJob = JobDefinitionRow & JobStateRow

const nothing: StoreBatch = { removed: [], added: [], redefined: [], states: [], claims: [], settled: [], ledger: [] }

/** The store, with commits numbered as an engine would. */
const sequenced = (store: OpenStore) => {
  let sequence = 0
  const commit = (batch: Partial<StoreBatch>) => store.commit(++sequence, { ...nothing, ...batch })
  return {
    add: (added: ReadonlyArray<NewJob>) => commit({ added }),
    run: (rows: ReadonlyArray<RunRows>) =>
      Effect.zipRight(
        commit({ claims: rows.map(({ claim }) => claim), states: rows.map(({ claimed }) => claimed) }),
        commit({ settled: rows.map(({ settle }) => settle), states: rows.map(({ settled }) => settled) })
      )
  }
}

const memoryText = (live: string, fireAt: number): string =>
  `{"v":1,"cursor":${fireAt},"since":${firstFire},"next":${fireAt + 60_000},"last":${fireAt},"outcome":"succeeded","live":[${live}],"runs":1}`

const newJob = (key: number, id: string): NewJob => ({
  key,
  id,
  task: "noop",
  executor: "default",
  trigger: '{"type":"interval","everyMs":60000,"start":1760000000000}',
  stream: null,
  args: '{"to":"ops"}',
  rules: '{"misfireGraceMs":null,"coalesce":"latest","maxInstances":1,"overlap":"skip"}',
  notes: "{}",
  addedAt: firstFire,
  value: "scheduled",
  wakeAt: firstFire,
  fault: false,
  memory: memoryText("", firstFire)
})

const runOf = (round: number, index: number, jobs: number): RunRows => {
  const runKey = round * jobs + index + 1
  const fireAt = firstFire + round * 60_000
  const state = { key: index + 1, executor: "default", wakeAt: fireAt + 60_000, fault: false }
  return {
    claim: { runKey, jobKey: index + 1, fireAt, request: 0, claimedAt: fireAt + 5, args: null },
    claimed: { ...state, value: "running", memory: memoryText(`[${runKey},${fireAt},1,null]`, fireAt) },
    settle: {
      runKey,
      attempt: 1,
      startedAt: fireAt + 6,
      finishedAt: fireAt + 7,
      outcome: "succeeded",
      result: null,
      error: null
    },
    settled: { ...state, value: "scheduled", memory: memoryText("", fireAt) }
  }
}

/** A fixed scatter of ids, so that runs compare: nothing here is random. */
const randomId = (index: number): string =>
  Math.imul(index + 1, 0x9e3779b1).toString(36) + Math.imul(index + 7, 0x85ebca6b).toString(36)

const inBatches = <Row>(
  count: number,
  size: number,
  rowOf: (index: number) => Row
): ReadonlyArray<ReadonlyArray<Row>> =>
  Array.from({ length: Math.ceil(count / size) }, (_, batch) =>
    Array.from({ length: Math.min(size, count - batch * size) }, (_, index) => rowOf(batch * size + index))
  )

/** What `effect` takes, as if one turn. */
const measured = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Spent, E> =>
  Effect.suspend(() => {
    const start = performance.now()
    const before = process.cpuUsage()
    return Effect.map(effect, () => {
      const { user, system } = process.cpuUsage(before)
      const wallMs = performance.now() - start
      return { wallMs, cpuMicros: user + system, longestMs: wallMs }
    })
  })

/** The limit: prepared statements of as many rows as there are, parameters laid out, nothing else. */
const openBare = (filename: string) => {
  const database = new Database(filename)
  for (const pragma of [
    "journal_mode = WAL",
    "synchronous = FULL",
    "wal_autocheckpoint = 1000",
    "cache_size = -32768"
  ]) {
    database.pragma(pragma)
  }
  migrations.flat().forEach((sql) => database.exec(sql))
  database.exec("INSERT INTO executors VALUES (1, 'default')")
  const prepared = new Map<string, Database.Statement>()
  const write = (sql: (rows: string) => string, columns: number, rows: ReadonlyArray<ReadonlyArray<unknown>>): void => {
    const text = sql(
      Array(rows.length)
        .fill(`(${Array(columns).fill("?").join(",")})`)
        .join(",")
    )
    const statement = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, statement)
    statement.run(...rows.flat())
  }
  const transaction = (body: () => void): void => {
    database.prepare("BEGIN IMMEDIATE").run()
    body()
    database.prepare("COMMIT").run()
  }
  const writeStates = (rows: ReadonlyArray<JobStateRow>): void => {
    write(
      (
        values
      ) => `INSERT INTO job_state(key, value, wake_at, fault, executor, memory) VALUES ${values} ON CONFLICT(key) DO UPDATE
        SET value = excluded.value, wake_at = excluded.wake_at, memory = excluded.memory`,
      6,
      rows.map((row) => [row.key, row.value === "running" ? 1 : 0, row.wakeAt, 0, 1, row.memory])
    )
  }
  const due = database.prepare(`SELECT j.*, s.* FROM job_state s CROSS JOIN jobs j ON j.key = s.key
    WHERE s.executor = 1 AND s.wake_at IS NOT NULL AND s.wake_at <= ? ORDER BY s.wake_at, s.key LIMIT ?`)
  return {
    add: (added: ReadonlyArray<NewJob>): void => {
      transaction(() => {
        write(
          (values) => `INSERT INTO jobs(key, id, task, trigger, stream, args, rules, notes, added_at) VALUES ${values}`,
          9,
          added.map((row) => [
            row.key,
            row.id,
            row.task,
            row.trigger,
            row.stream,
            row.args,
            row.rules,
            row.notes,
            row.addedAt
          ])
        )
        writeStates(added)
      })
    },
    run: (rows: ReadonlyArray<RunRows>): void => {
      transaction(() => {
        writeStates(rows.map(({ claimed }) => claimed))
        write(
          (values) => `INSERT INTO runs(run_key, job_key, fire_at, request, claimed_at, epoch) VALUES ${values}`,
          6,
          rows.map(({ claim }) => [claim.runKey, claim.jobKey, claim.fireAt, claim.request, claim.claimedAt, 1])
        )
      })
      transaction(() => {
        write(
          (values) => `WITH v(k, a, b, c, d) AS (VALUES ${values})
            UPDATE runs SET attempt = a, started_at = b, finished_at = c, outcome = d FROM v WHERE run_key = k`,
          5,
          rows.map(({ settle }) => [settle.runKey, settle.attempt, settle.startedAt, settle.finishedAt, 0])
        )
        writeStates(rows.map(({ settled }) => settled))
      })
    },
    due: (now: number, limit: number) => due.all(now, limit),
    close: () => database.close()
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const shown = (unit: string, { wall, cpuMicros }: StoreCost) =>
    `${unit === "ms" ? wall.toFixed(2) : wall.toLocaleString("en")} ${unit}, ${cpuMicros.toFixed(1)} µs CPU`
  for (const { name, unit, carillon, bare, longestMs } of await benchStore()) {
    const beside =
      bare === null ? "" : `; bare ${shown(unit, bare)}; ratio ${(carillon.cpuMicros / bare.cpuMicros).toFixed(2)}`
    console.log(`${name.padEnd(28)}${shown(unit, carillon)}, longest ${longestMs.toFixed(1)} ms${beside}`)
  }
}
