/** What goes wrong in a life, and when: which store calls fail, where the process dies, and whose worker. Counts; does nothing itself. */
import type { CrashPoint, FaultKind, Plan, WorkerDeath } from "./plan.ts"

export type CallFault = Exclude<FaultKind, "mixed">

export class Misfortune {
  private readonly plan: Plan
  private life = 0
  private readonly passed = new Map<CrashPoint, number>()
  private readonly calls = { any: 0, commit: 0 }
  /** Calls that failed or were slow in this life. */
  faults = 0

  constructor(plan: Plan) {
    this.plan = plan
  }

  begin(life: number): void {
    this.life = life
    this.passed.clear()
    this.calls.any = 0
    this.calls.commit = 0
    this.faults = 0
  }

  /** The process passes a point at which it may die; true where the plan says so. */
  diesAt(point: CrashPoint): boolean {
    const n = (this.passed.get(point) ?? 0) + 1
    this.passed.set(point, n)
    return this.plan.crashes.some((crash) => crash.life === this.life && crash.point === point && crash.n === n)
  }

  /** The next call of the store: how it fails. An outage has its own way. */
  nextCall(name: string, outage: FaultKind | null): CallFault | null {
    const { life, calls } = this
    calls.any += 1
    if (name === "commit") calls.commit += 1
    const single = this.plan.faults.find((fault) => {
      if (fault.life !== life || (fault.of === "commit" && name !== "commit")) return false
      const n = calls[fault.of]
      return n >= fault.call && n < fault.call + fault.calls
    })
    const how = outage ?? single?.how ?? null
    const fault = how === "mixed" ? ((["before", "after", null] as const)[calls.any % 3] ?? null) : how
    if (fault === null) return null
    this.faults += 1
    // A process that is not told that it owns the store does not; that is the store's own matter.
    return name === "open" && fault === "after" ? "before" : fault
  }
}

/** Whose worker dies, over all lives. */
export class WorkerDeaths {
  private readonly left: Array<WorkerDeath>
  private steps = 0
  /** Runs that have lost a worker, and how often more they will. */
  private readonly doomed = new Map<string, { readonly death: WorkerDeath; times: number }>()

  constructor({ deaths }: Plan) {
    this.left = [...deaths]
  }

  /** A step of the run is begun, its attempt's `first`: the death that is in store for it. */
  take(runId: string, first: boolean): WorkerDeath | null {
    this.steps += 1
    const known = this.doomed.get(runId)
    if (known !== undefined) return first && known.times > 0 ? known.death : null
    const at = this.left.findIndex(({ n }) => n <= this.steps)
    const [death] = at === -1 ? [] : this.left.splice(at, 1)
    if (death === undefined) return null
    this.doomed.set(runId, { death, times: death.times })
    return death
  }

  died(runId: string): void {
    const known = this.doomed.get(runId)
    if (known !== undefined) known.times -= 1
  }
}
