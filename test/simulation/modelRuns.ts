/** Runs and attempts of one job, commit by commit: each ends once, in its turn, and is tried again exactly when its rules say. */
import { retriedKey } from "../../src/store/claimKind.ts"
import type { ClaimRow, SettleRow } from "../../src/store/jobStore.ts"
import type { Change, Report } from "./change.ts"
import type { Execution, Executions } from "./executions.ts"
import { correctionMs } from "./modelClock.ts"
import type { StoredLive, StoredRules } from "./stored.ts"

/** How an attempt ended, as its row tells it: the outcome of the last one, the error of one that is followed by another. */
export type AttemptEnd = "succeeded" | "failed" | "timedOut" | "cancelled" | "interrupted" | "putAway"

/** By its row alone, which does not tell one that only waits from one that was interrupted. */
export const endOf = ({ outcome, error }: SettleRow): Exclude<AttemptEnd, "putAway"> =>
  outcome ?? (error === null ? "interrupted" : errorName(error) === "RunTimedOut" ? "timedOut" : "failed")

const errorName = (error: string | null): string =>
  error === null ? "" : (JSON.parse(error) as { readonly name: string }).name

/** A run as the model follows it. */
export interface ModelRun {
  readonly runKey: number
  readonly jobKey: number
  readonly fireAt: number
  readonly request: number
  /** The newest settled row; `null` before the first. */
  settled: SettleRow | null
  /** The life in which its newest attempt became executable, and the timeouts that it may have been given then. */
  life: number
  timeouts: ReadonlyArray<number | null>
  /** Attempts that only waited at their end: none of those that the rules count. */
  putOffs: number
  /** Attempts in a row whose own worker died. */
  workerDeaths: number
}

/** So many end a run, and park its job. */
const deathsToPark = 3

export const checkRuns = (
  change: Change,
  runs: ReadonlyMap<number, ModelRun>,
  executions: Executions,
  life: number,
  crashes: number,
  report: Report
): void => {
  const { before, after } = change
  const named: Report = (invariant, message) => report(invariant, `job "${after.row.id}": ${message}`)
  const live = new Map<number, StoredLive>((before?.memory.live ?? []).map((run) => [run.runKey, run]))
  for (const { runKey, fireAt } of change.claims) live.set(runKey, { runKey, fireAt, attempt: 1, retryAt: null })
  for (const claim of change.claims) checkRetriedRun(claim, runs, named)
  for (const row of change.settled) {
    const run = live.get(row.runKey)
    const known = runs.get(row.runKey)
    const what = `attempt ${row.attempt} of run ${row.runKey}`
    if (known !== undefined && known.settled !== null && known.settled.outcome !== null)
      named("settledTwice", `${what} ends after the run has ${known.settled.outcome}`)
    if (run === undefined || known === undefined) {
      named("attempts", `${what} ends, and is not live`)
      continue
    }
    if (row.attempt !== run.attempt) named("attempts", `${what} ends, attempt ${run.attempt} is under way`)
    const end = executions.endOf(row, life)
    countDeaths(known, end, executions.diedAlone(row, life))
    const waited = run.retryAt !== null
    if (waited && end !== "cancelled") named("attempts", `${what} has ${end}, and was waiting for ${run.retryAt}`)
    const isCrash = end === "interrupted" && known.life < life
    if (row.outcome !== null) {
      live.delete(row.runKey)
      checkLast(change, row, end, known, isCrash && crashes >= 3, named)
    } else {
      checkRetried(change, row, end, known, executions.find(row.runKey, row.attempt)?.waitsUntil ?? null, named)
      if (end === "putAway") known.putOffs += 1
      live.set(row.runKey, {
        ...run,
        ...{ attempt: row.attempt + 1, retryAt: retryAtOf(change, row), putAway: end === "putAway" }
      })
    }
  }
  checkLive(change, live, named)
  const newest = change.settled.findLast(({ outcome }) => outcome !== null)?.outcome
  const expected = newest ?? before?.memory.lastOutcome ?? null
  if (after.memory.lastOutcome !== expected)
    named("lastOutcome", `its last outcome is ${after.memory.lastOutcome}, expected is ${expected}`)
}

/** A run that tries another again: for the fire time of one of this job that has ended, and not well. */
const checkRetriedRun = (
  { runKey, jobKey, fireAt, request }: ClaimRow,
  runs: ReadonlyMap<number, ModelRun>,
  report: Report
): void => {
  const retried = retriedKey({ request })
  if (retried === null) return
  const other = runs.get(retried)
  const outcome = other?.settled?.outcome ?? null
  if (other?.jobKey !== jobKey || other.fireAt !== fireAt || outcome === null || outcome === "succeeded")
    report(
      "retryOf",
      `run ${runKey} for ${fireAt} tries run ${retried} again, which has ${outcome} for ${other?.fireAt}`
    )
}

/** Rules before and after, where a commit may hold a change of them. */
const both = ({ before, after }: Change): ReadonlyArray<StoredRules> =>
  before === null ? [after.rules] : [before.rules, after.rules]

const countDeaths = (run: ModelRun, end: AttemptEnd, died: boolean): void => {
  if (died) run.workerDeaths += 1
  // What ends with its process says nothing of its worker.
  else if (end !== "interrupted") run.workerDeaths = 0
}

const checkLast = (
  change: Change,
  row: SettleRow,
  end: AttemptEnd,
  { putOffs, workerDeaths }: ModelRun,
  byProcess: boolean,
  report: Report
): void => {
  const { before, after } = change
  const poison = byProcess || workerDeaths >= deathsToPark
  const what = `attempt ${row.attempt} of run ${row.runKey}`
  if ((row.finishedAt === null) !== (row.outcome === null))
    report("attempts", `${what} has ${end} and its end at ${row.finishedAt}`)
  const givesWay =
    both(change).some(({ overlap }) => overlap === "cancel-running") &&
    (before?.memory.queue.length ?? 0) + after.memory.queue.length + change.claims.length > 0
  if (after.memory.removed || givesWay) return
  if (
    !poison &&
    (end === "failed" || end === "timedOut") &&
    both(change).every((rules) => mayRetry(rules, row, putOffs))
  )
    report("retry", `${what} has ${end} for good, ${after.rules.retry?.attempts} attempts are allowed`)
  if (end === "interrupted" && !poison && both(change).every(({ onInterrupted }) => onInterrupted === "rerun"))
    report("onInterrupted", `${what} is interrupted for good, and is to run again`)
}

const mayRetry = ({ retry }: StoredRules, { attempt, error }: SettleRow, putOffs: number): boolean =>
  retry !== null && attempt - putOffs < retry.attempts && (retry.when === null || retry.when.includes(errorName(error)))

const checkRetried = (
  change: Change,
  row: SettleRow,
  end: AttemptEnd,
  { putOffs, workerDeaths }: ModelRun,
  waitsUntil: Execution["waitsUntil"],
  report: Report
): void => {
  const what = `attempt ${row.attempt} of run ${row.runKey}`
  const { after } = change
  if (workerDeaths >= deathsToPark && !after.memory.removed)
    report("poison", `${what} is tried again after ${workerDeaths} deaths of its worker in a row`)
  if (end === "putAway") return checkPutAway(change, row, waitsUntil, report)
  if (end === "interrupted") {
    if (both(change).every(({ onInterrupted }) => onInterrupted === "skip"))
      report("onInterrupted", `${what} is interrupted and tried again, and is to be skipped`)
  } else if (!both(change).some((rules) => mayRetry(rules, row, putOffs)))
    report("retry", `${what} has ${end} and is tried again, ${after.rules.retry?.attempts ?? 1} attempts are allowed`)
  // Called off before it was due, in this very commit.
  if (change.settled.some(({ runKey, attempt }) => runKey === row.runKey && attempt > row.attempt)) return
  const dueAt = retryAtOf(change, row)
  const waits = both(change).map((rules) => (end === "interrupted" ? 0 : backoffOf(rules, row.attempt - putOffs)))
  const { from, through } = change.decided
  const fits = (wait: number): boolean =>
    dueAt === null ? wait <= 0 : dueAt !== "event" && dueAt - wait >= from && dueAt - wait <= through
  if (!waits.some(fits))
    report(
      "backoff",
      `${what} is followed by one at ${dueAt}, the wait is ${waits.join(" or ")} ms from ${from} to ${through}`
    )
}

/** One that only waits goes on when its wait is over or something is sent to it, whatever the rules say of failures and interruptions. */
const checkPutAway = (change: Change, row: SettleRow, waitsUntil: Execution["waitsUntil"], report: Report): void => {
  if (change.settled.some(({ runKey, attempt }) => runKey === row.runKey && attempt > row.attempt)) return
  const { from, through } = change.decided
  const dueAt = retryAtOf(change, row)
  const isNow = dueAt === null || (dueAt !== "event" && dueAt <= through)
  const isOver = typeof waitsUntil === "number" && waitsUntil <= through && (dueAt === null || Number(dueAt) >= from)
  const what = `attempt ${row.attempt} of run ${row.runKey} waits until ${waitsUntil}, the next is due at ${dueAt}`
  if (change.mail.waits(row.runKey)) {
    if (!isNow) report("unheard", `${what}, and something was sent to it`)
  } else if (dueAt !== waitsUntil && !(isNow && (isOver || change.mail.isSent(row.runKey)))) report("putAway", what)
}

/** When the attempt after this one is due; `null`: it has started already. */
const retryAtOf = ({ after }: Change, { runKey, attempt }: SettleRow): StoredLive["retryAt"] =>
  after.memory.live.find((run) => run.runKey === runKey && run.attempt === attempt + 1)?.retryAt ?? null

const backoffOf = ({ retry }: StoredRules, attempt: number): number =>
  retry === null || retry.backoffMs === 0
    ? 0
    : Math.round(Math.min(retry.backoffMs * retry.factor ** (attempt - 1), retry.maxBackoffMs))

/** A wait for an instant hours ahead is of a clock that was set right, and is brought forward. */
const isSameWait = (
  before: StoredLive["retryAt"],
  after: StoredLive["retryAt"],
  { from }: Change["decided"]
): boolean =>
  before === after ||
  (typeof before === "number" &&
    typeof after === "number" &&
    after < before &&
    after >= from &&
    before > from + correctionMs)

/** Something is sent to a run that only waits: it is due now, or has started. */
const isWoken = ({ decided, mail }: Change, before: StoredLive, { runKey, retryAt }: StoredLive): boolean =>
  before.putAway === true &&
  mail.isSent(runKey) &&
  (retryAt === null || (typeof retryAt === "number" && retryAt >= decided.from && retryAt <= decided.through))

const isLater = (at: StoredLive["retryAt"], than: number): boolean => at === "event" || (at !== null && at > than)

/** The snapshot's live runs are those that the rows leave; none starts its next attempt too early. */
const checkLive = (change: Change, live: ReadonlyMap<number, StoredLive>, report: Report): void => {
  const { memory } = change.after
  for (const run of memory.live) {
    const expected = live.get(run.runKey)
    if (expected?.attempt !== run.attempt)
      report(
        "attempts",
        `run ${run.runKey} is live at attempt ${run.attempt}, expected is ${expected?.attempt ?? "none"}`
      )
    else if (expected.retryAt === null && run.retryAt !== null)
      report("attempts", `attempt ${run.attempt} of run ${run.runKey} was under way and waits for ${run.retryAt}`)
    else if (isWoken(change, expected, run)) continue
    else if (run.retryAt === null && isLater(expected.retryAt, change.decided.through))
      report(
        "backoff",
        `attempt ${run.attempt} of run ${run.runKey} starts at ${change.decided.through}, due is ${expected.retryAt}`
      )
    else if (
      expected.retryAt !== null &&
      run.retryAt !== null &&
      !isSameWait(expected.retryAt, run.retryAt, change.decided)
    )
      report(
        "backoff",
        `attempt ${run.attempt} of run ${run.runKey} is put off from ${expected.retryAt} to ${run.retryAt}`
      )
  }
  for (const { runKey } of live.values())
    if (!memory.live.some((run) => run.runKey === runKey))
      report("attempts", `run ${runKey} is live no more, and has no outcome`)
}
