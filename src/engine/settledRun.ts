/** An attempt's outcome on its way to the job. Made for every run, so a class and no closures. */
import type { Settlement } from "../executor/executor.ts"
import { nextAfterRun } from "../job/dueFireTimes.ts"
import type { Intent } from "./intent.ts"
import type { Plan } from "./plan.ts"

export class SettledRun implements Intent {
  readonly weight = 1
  readonly keys: ReadonlyArray<number>
  private readonly jobKey: number
  private readonly runKey: number
  private readonly settlement: Settlement

  constructor(jobKey: number, runKey: number, settlement: Settlement) {
    this.keys = [jobKey]
    this.jobKey = jobKey
    this.runKey = runKey
    this.settlement = settlement
  }

  apply(plan: Plan): void {
    const job = plan.byKey(this.jobKey)
    if (job === undefined) return
    const { settlement, runKey } = this
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
        next: nextAfterRun(job.trigger, settlement.finishedAt, plan.now)
      },
      settlement
    )
  }

  committed(): void {
    // The outcome's event was published with the commit.
  }

  failed(): void {
    // The lane closes before it could be written, or the store refuses it since its rows were changed behind the scheduler's
    // back: the run stays unfinished, and the next start interrupts it.
  }
}
