/** What is really on disk, against what the model has taken from the batches: a store must apply all of each. */
import { Effect } from "effect"
import type { JobRow, JobStore, LedgerRow, MessageRow, OpenStore, RunRow } from "../../src/store/jobStore.ts"
import type { StoreError } from "../../src/store/storeError.ts"
import type { Disk } from "../history/history.ts"
import type { Report } from "./change.ts"
import type { Model } from "./model.ts"

export const readDisk = (open: OpenStore, keys: ReadonlyArray<number>): Effect.Effect<Disk, StoreError> =>
  Effect.gen(function* () {
    const jobs = yield* open.reads.jobs({ keys })
    const runs = yield* open.reads.runs({})
    const ledger = yield* open.reads.ledger({})
    return { jobs, runs, ledger }
  })

/** What is saved of runs, with those that must have nothing saved. */
const compareSteps = (
  stored: ReadonlyMap<number, string>,
  model: Model,
  keys: ReadonlyArray<number>,
  report: Report
) => {
  const expected = model.steps.texts
  for (const key of keys)
    if (stored.get(key) !== expected.get(key))
      report("checkpoint", `run ${key} has ${stored.get(key)} saved, committed was ${expected.get(key)}`)
}

/** What waits to runs, with those to which nothing must wait. */
const compareMessages = (
  stored: ReadonlyMap<number, ReadonlyArray<MessageRow>>,
  model: Model,
  keys: ReadonlyArray<number>,
  report: Report
): void => {
  const textOf = (rows: ReadonlyArray<Pick<MessageRow, "number" | "text">>): string =>
    rows.map(({ number, text }) => `${number} ${text}`).join()
  for (const key of keys) {
    const [found, expected] = [textOf(stored.get(key) ?? []), textOf(model.messages.waitingTo(key))]
    if (found !== expected) report("messages", `to run ${key} wait ${found}, committed were ${expected}`)
  }
}

/** Opens the store between two lives and compares everything. Opening bumps its epoch, which no row of the model holds. */
export const compareDisk = async (store: JobStore, model: Model, report: Report): Promise<Disk> => {
  const keys = [...model.jobs.keys()]
  const disk = await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const open = yield* store.open({ pid: 0, host: "", startedAt: 0 })
        const runKeys = [...model.rows.keys()]
        compareSteps(yield* open.checkpoints(runKeys), model, runKeys, report)
        compareMessages(yield* open.messages(runKeys), model, runKeys, report)
        return yield* readDisk(open, keys)
      })
    )
  )
  compareJobs(disk.jobs, model, keys, report)
  compareRuns(disk.runs, model, [...model.rows.keys()], report)
  const [found, expected] = [disk.ledger, model.ledger].map((rows) => rows.map(ledgerText).sort())
  if (found?.join("\n") !== expected?.join("\n"))
    report("disk", `the ledger has ${found?.length} entries, committed were ${expected?.length}`)
  return disk
}

/** The rows that a commit has touched, right after it. For a store that answers at once. */
export const compareTouched = (open: OpenStore, model: Model, keys: ReadonlyArray<number>, report: Report): void => {
  compareJobs(Effect.runSync(open.reads.jobs({ keys })), model, keys, report)
  const touched = new Set(keys)
  const runKeys = [...model.rows.values()]
    .filter(({ jobKey, outcome }) => touched.has(jobKey) && outcome === null)
    .map(({ runKey }) => runKey)
  const ofJobs = [...model.rows.values()].filter(({ jobKey }) => touched.has(jobKey)).map(({ runKey }) => runKey)
  if (model.steps.texts.size > 0) {
    compareSteps(Effect.runSync(open.checkpoints(ofJobs)), model, ofJobs, report)
    compareMessages(Effect.runSync(open.messages(ofJobs)), model, ofJobs, report)
  }
  for (const runKey of runKeys) compareRuns(Effect.runSync(open.reads.runs({ runKey })), model, [runKey], report)
}

const compareJobs = (rows: ReadonlyArray<JobRow>, model: Model, keys: ReadonlyArray<number>, report: Report): void => {
  const found = new Map(rows.map((row) => [row.key, row]))
  for (const key of keys) {
    const [expected, row] = [model.jobs.get(key)?.row, found.get(key)]
    if (expected === undefined) continue
    const differing = (Object.keys(expected) as ReadonlyArray<keyof JobRow>).filter(
      (field) => row?.[field] !== expected[field]
    )
    if (differing.length > 0)
      report(
        "disk",
        `job ${key} differs in ${differing.map((field) => `${field}: ${row?.[field]}, committed was ${expected[field]}`).join("; ")}`
      )
  }
}

const compareRuns = (rows: ReadonlyArray<RunRow>, model: Model, keys: ReadonlyArray<number>, report: Report): void => {
  const found = new Map(rows.map((row) => [row.runKey, row]))
  for (const key of keys) {
    const [expected, row] = [model.rows.get(key), found.get(key)]
    if (expected !== undefined && (row === undefined || runText(row) !== runText(expected)))
      report(
        "disk",
        `run ${key} is ${row === undefined ? "missing" : runText(row)}, committed was ${runText(expected)}`
      )
  }
}

/** Everything but the epoch, which is the store's own. */
const runText = (row: RunRow): string => {
  const { jobKey, fireAt, request, claimedAt, args } = row
  const { attempt, startedAt, finishedAt, outcome, result, error } = row
  return [jobKey, fireAt, request, claimedAt, args, attempt, startedAt, finishedAt, outcome, result, error].join(" ")
}

const ledgerText = ({ jobKey, kind, fromAt, throughAt, count, reason, runKey }: LedgerRow): string =>
  [jobKey, kind, fromAt, throughAt, count, reason, runKey].join(" ")
