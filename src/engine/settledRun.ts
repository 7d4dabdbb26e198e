/** An attempt's outcome on its way to the job. Made for every run, so a class and no closures. */
import type { Settlement } from "../executor/executor.ts"
import { nextAfterRun } from "../job/dueFireTimes.ts"
import type { DispatchedOrder } from "./dispatcher.ts"
import type { Intent } from "./intent.ts"
import type { Plan } from "./plan.ts"

/** Hears of an outcome that will never be on disk. */
export type OutcomeLost = (order: DispatchedOrder, error: unknown) => void

export class SettledRun implements Intent {
  readonly weight = 1
  readonly keys: ReadonlyArray<number>
  private readonly order: DispatchedOrder
  private readonly settlement: Settlement
  private readonly lost: OutcomeLost

  constructor(order: DispatchedOrder, settlement: Settlement, lost: OutcomeLost) {
    this.keys = [order.jobKey]
    this.order = order
    this.settlement = settlement
    this.lost = lost
  }

  apply(plan: Plan): void {
    const job = plan.byKey(this.order.jobKey)
    if (job === undefined) return
    const { settlement } = this
    const { runKey } = this.order
    const base = { now: plan.now, firstRunKey: plan.nextRunKey, held: !plan.setting.claiming }
    plan.step(
      job,
      {
        type: "settled",
        ...base,
        runKey,
        outcome: settlement.outcome,
        errorName: settlement.error?.name ?? null,
        retryable: settlement.retryable,
        ...(settlement.again ? { again: settlement.again } : {}),
        next: nextAfterRun(job.trigger, settlement.finishedAt, plan.now)
      },
      settlement
    )
  }

  committed(): void {
    // The outcome's event was published with the commit.
  }

  failed(error: unknown): void {
    // The lane closes before it could be written, or the store refuses it since its rows were changed behind the scheduler's
    // back: the run stays unfinished, and the next start interrupts it.
    this.lost(this.order, error)
  }
}
