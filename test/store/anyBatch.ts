/** Random batches and questions for a store. Names, instants and keys are few, so that they meet. */
import fc from "fast-check"
import { jobStates } from "../../src/job/snapshot.ts"
import { ledgerKinds } from "../../src/job/ledger.ts"
import { outcomes } from "../../src/job/run.ts"
import { batchOf, job, state } from "../../src/store/contract/storeCheck.ts"
import type { DueQuery, JobFilter, LedgerFilter, Retention, RunFilter, StoreBatch } from "../../src/store/jobStore.ts"

const key = fc.integer({ min: 1, max: 9 })
const runKey = fc.integer({ min: 1, max: 12 })
const instant = fc.integer({ min: 0, max: 12 })
const id = fc.constantFrom("a", "b", "c", "d", "😀", "\uFFFD")
const task = fc.constantFrom("report", "clean")
const executor = fc.constantFrom("default", "slow")
const limit = fc.integer({ min: 1, max: 6 })
const few = <A>(one: fc.Arbitrary<A>) => fc.array(one, { maxLength: 3 })

const definition = {
  id,
  task,
  executor,
  stream: fc.constantFrom(null, "orders"),
  args: fc.constantFrom("{}", '{"a":[1,2]}'),
  notes: fc.constantFrom("{}", '{"tags":["x"]}', '{"tags":["x","y"]}', '{"tags":["\\u0078"]}', '{"tags":"x"}', "not x"),
  addedAt: instant
}
const own = {
  value: fc.constantFrom(...jobStates),
  wakeAt: fc.option(instant),
  fault: fc.boolean(),
  executor,
  memory: fc.constantFrom("{}", '{"cursor":3}', '{"cursor":9}', "unreadable")
}

const anyAdded = fc.record({ ...definition, ...own }).chain((fields) => key.map((at) => job(at, fields)))
const anyState = fc.record(own).chain((fields) => key.map((at) => state(at, fields)))
const anyRedefined = fc.record({ ...definition, key }).map((row) => {
  const { key: at, id: name, task: by, executor: on, trigger, stream, args, rules, notes, addedAt } = job(row.key, row)
  return { key: at, id: name, task: by, executor: on, trigger, stream, args, rules, notes, addedAt }
})
const anyClaim = fc.record({
  runKey,
  jobKey: key,
  fireAt: instant,
  request: fc.constantFrom(0, 0, 0, 4, -3),
  claimedAt: instant,
  args: fc.constantFrom(null, "1")
})
const anySettled = fc
  .record({
    runKey,
    attempt: fc.integer({ min: 1, max: 3 }),
    startedAt: fc.option(instant),
    finishedAt: instant,
    outcome: fc.constantFrom(...outcomes),
    result: fc.constantFrom(null, "2"),
    error: fc.constantFrom(null, '{"name":"Error"}'),
    goesOn: fc.boolean()
  })
  .map(({ goesOn, ...row }) => (goesOn ? { ...row, finishedAt: null, outcome: null } : row))
const anyEntry = fc
  .record({
    jobKey: key,
    kind: fc.constantFrom(...ledgerKinds),
    fromAt: instant,
    longMs: fc.nat(4),
    count: fc.nat(3),
    reason: fc.constantFrom(null, "late"),
    runKey: fc.option(runKey),
    at: instant
  })
  .map(({ longMs, ...row }) => ({ ...row, throughAt: row.fromAt + longMs }))

const number = fc.integer({ min: 1, max: 9 })
const anyMessage = fc.record({ runKey, number, text: fc.constantFrom('"a"', "{}") })
const anyCheckpoint = fc.record(
  { runKey, text: fc.constantFrom("early", "late"), received: fc.nat(9) },
  { requiredKeys: ["runKey", "text"] }
)

/** Most lists are empty: of a batch that adds, claims and removes at once there are enough. */
const list = <A>(one: fc.Arbitrary<A>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: few(one) })

export const anyBatch: fc.Arbitrary<StoreBatch> = fc
  .record({
    at: fc.option(instant, { nil: undefined }),
    removed: list(fc.record({ key, removedAt: instant })),
    added: list(anyAdded),
    redefined: list(anyRedefined),
    states: list(anyState),
    claims: list(anyClaim),
    messages: list(anyMessage),
    checkpoints: list(anyCheckpoint),
    settled: list(anySettled),
    ledger: list(anyEntry),
    marks: list(fc.record({ name: fc.constantFrom("m", "n"), value: fc.constantFrom(null, "1", "2") }))
  })
  .map(({ at, ...batch }) => batchOf(at === undefined ? batch : { ...batch, at }))

/** Jobs and runs to begin with. */
export const firstBatch: StoreBatch = batchOf({
  added: [1, 2, 3, 4].map((at) => job(at, { id: ["a", "b", "c", "d"][at - 1] ?? "", wakeAt: at * 2, addedAt: at })),
  claims: [1, 2, 3].map((at) => ({ runKey: at, jobKey: at, fireAt: at * 3, request: 0, claimedAt: at * 3, args: null }))
})

const optional = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { requiredKeys: [] })

export const anyJobFilter: fc.Arbitrary<JobFilter> = optional({
  states: few(fc.constantFrom(...jobStates)),
  fault: fc.boolean(),
  task,
  executor,
  tag: fc.constantFrom("x", "y", "z"),
  byWake: fc.boolean(),
  afterKey: key,
  limit
})
export const anyRunFilter: fc.Arbitrary<RunFilter> = optional({
  jobId: id,
  outcomes: few(fc.constantFrom(...outcomes)),
  live: fc.boolean(),
  runKey,
  from: instant,
  to: instant,
  limit,
  texts: fc.boolean()
})
export const anyLedgerFilter: fc.Arbitrary<LedgerFilter> = optional({
  jobId: id,
  kinds: few(fc.constantFrom(...ledgerKinds)),
  from: instant,
  to: instant,
  limit
})
export const anyDueQuery: fc.Arbitrary<DueQuery> = fc.record({
  now: instant,
  executors: fc.uniqueArray(fc.record({ name: fc.constantFrom("default", "slow", "none"), limit }), {
    selector: ({ name }) => name
  }),
  exceptTasks: fc.constantFrom([], ["clean"]),
  exceptKeys: few(key)
})
export const anyRetention: fc.Arbitrary<Retention> = fc.record({
  finishedBefore: instant,
  maxRuns: fc.integer({ min: 2, max: 20 }),
  doneBefore: instant,
  limit: fc.integer({ min: 1, max: 20 })
})
