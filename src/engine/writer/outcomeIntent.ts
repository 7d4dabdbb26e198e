/** An attempt's outcome on its way to the job. Made for every run, so a class and no closures. */
import type { Settlement } from "../../executor/executor.ts"
import { nextAfterRun } from "../../job/dueFireTimes.ts"
import { checkpointFault } from "../job/jobFaults.ts"
import type { SettledEvent } from "../../job/jobEvent.ts"
import { mayRetry } from "../../job/onSettled.ts"
import type { DispatchedOrder } from "../dispatchedOrder.ts"
import type { Job } from "../job/jobCodec.ts"
import type { Intent } from "./intent.ts"
import { weightOf } from "./intent.ts"
import type { UnitOfWork } from "./unitOfWork.ts"

/** Hears of an outcome that will never be on disk. */
export type OutcomeLost = (dispatched: DispatchedOrder, error: unknown) => void

export class OutcomeIntent implements Intent {
  readonly weight: number
  readonly keys: ReadonlyArray<number>
  private readonly dispatched: DispatchedOrder
  private readonly settlement: Settlement
  private readonly lost: OutcomeLost
  private readonly through: (dispatched: DispatchedOrder, settlement: Settlement) => void

  /** `through` is called once it is on disk or lost. */
  constructor(
    dispatched: DispatchedOrder,
    settlement: Settlement,
    through: (dispatched: DispatchedOrder, settlement: Settlement) => void,
    lost: OutcomeLost
  ) {
    this.weight = weightOf(1, settlement.result?.length ?? 0)
    this.keys = [dispatched.jobKey]
    this.through = through
    this.dispatched = dispatched
    this.settlement = settlement
    this.lost = lost
  }

  apply(unit: UnitOfWork): void {
    const job = unit.byKey(this.dispatched.jobKey)
    if (job === undefined) return
    const { settlement } = this
    const { runKey } = this.dispatched
    const { now, nextRunKey: firstRunKey } = unit
    const held = !unit.environment.claiming
    const ended = endOf(settlement, job, unit, runKey)
    const next = nextAfterRun(job.trigger, settlement.finishedAt, now)
    if (ended === null) {
      const workerDied = settlement.crashed === true
      const runKeys = [runKey]
      unit.step(
        job,
        { type: "interrupted", now, firstRunKey, held, runKeys, crash: false, workerDied, next },
        settlement
      )
      return
    }
    const { outcome, again } = ended
    const { error, retryable, crashed } = settlement
    const errorName = error?.name ?? null
    const event: SettledEvent = {
      type: "settled",
      now,
      firstRunKey,
      held,
      runKey,
      outcome,
      again,
      errorName,
      retryable,
      crashed,
      next
    }
    unit.step(job, event, settlement)
    if (settlement.unfit === true && settlement.error !== null)
      unit.park(unit.byKey(job.key) ?? job, checkpointFault(settlement.error.message))
  }

  committed(): void {
    // The outcome's event was published with the commit.
    this.through(this.dispatched, this.settlement)
  }

  failed(error: unknown): void {
    // The writer closes before it could be written, or the store refuses it since its rows were changed behind the scheduler's
    // back: the run stays unfinished, and the next start interrupts it.
    this.through(this.dispatched, this.settlement)
    this.lost(this.dispatched, error)
  }
}

/**
 * What the job is told; `null`: an interruption. One that only waits is put off until then, unless its job takes no other attempt: then it
 * is over; where it was sent something as it gave its slot back, it goes on at once.
 */
const endOf = (
  { outcome, again, waitsUntil, finishedAt }: Settlement,
  { memory, rules }: Job,
  unit: UnitOfWork,
  runKey: number
): Pick<SettledEvent, "outcome" | "again"> | null => {
  if (waitsUntil !== undefined)
    return mayRetry(memory, rules)
      ? {
          outcome: "failed",
          again: { at: unit.waitingTo(runKey) > 0 ? finishedAt : waitsUntil, counts: false, putAway: true }
        }
      : { outcome: "cancelled" }
  if (outcome === "interrupted") return null
  return again ? { outcome, again } : { outcome }
}
