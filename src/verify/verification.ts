/** What a check of a store's records says. */

export type Invariant =
  /** What is stored of the job can be read. */
  | "readable"
  /** The row's state and fault are those of the snapshot. */
  | "state"
  /** The row's wake-up and the next fire time are those of the snapshot and the trigger. */
  | "wakeUp"
  /** No record lies beyond the cursor: it never went back. */
  | "cursor"
  /** The snapshot's live runs are its unfinished records. */
  | "liveRuns"
  /** Each unfinished run belongs to an owner, or will be interrupted at the next start. */
  | "ownerless"
  /** Each fire time up to the cursor has a record, and each record a fire time. */
  | "accounting"
  /** No fire time has two. */
  | "doubleAccounting"
  | "maxInstances"
  /** A fire time that came due while nothing was claimed is not recorded as one that met a run. */
  | "overlap"
  /** A finished run is whole, and none started before its fire time. */
  | "finished"
  /** What is saved of machines, and what was sent to them, is of runs that are not over, and is all there. */
  | "savedSteps"
  /** The file itself: SQLite's own check, rows without their job, counts. */
  | "file"

/** One promise that a store's records do not keep. */
export interface Violation {
  /** Which promise is broken. */
  readonly invariant: Invariant
  /** Its name in the scheduler; of a file, its name. */
  readonly store: string
  /** `null`: the store as a whole, or a run that is not there. */
  readonly jobId: string | null
  /** One sentence with the facts. */
  readonly message: string
}

/**
 * Why fire times of a job were not counted against its records: its trigger's code is not here; a stream or the end of a run gives
 * them, so that only the past knows them; there are 100,000 or more, and the later ones were not counted; the job had another
 * trigger, which is not kept, and those from before the newest change were not counted.
 */
export type NotCheckedReason = "customTrigger" | "stream" | "fixedDelay" | "longHistory" | "earlierTrigger"

/** What a check has found. */
export interface Verification {
  /** True: no violation. */
  readonly ok: boolean
  /** How much was looked at. */
  readonly checked: {
    /** Of a scheduler, those that are not removed; of a file, all. */
    readonly jobs: number
    /** Their records, newest attempts only. */
    readonly runs: number
    /** Asked from triggers, and counted against runs and ledger. */
    readonly fireTimes: number
  }
  /** Jobs whose fire times were not, or not all, counted against their records. All else of them was checked. */
  readonly notChecked: ReadonlyArray<{
    /** Each once. */
    readonly reason: NotCheckedReason
    /** How many jobs, at least 1. */
    readonly jobs: number
  }>
  /** With 1,000 the check ends. */
  readonly violations: ReadonlyArray<Violation>
}

/** A check ends once it has so many, and tells no more of the job that it is at. */
const maxViolations = 1000

/** What was found in one job. */
export interface Findings {
  readonly runs: number
  readonly fireTimes: number
  readonly notChecked: ReadonlyArray<NotCheckedReason>
  readonly found: ReadonlyArray<Pick<Violation, "invariant" | "message">>
}

/** Findings of many jobs, added up. */
export class Tally {
  private readonly checked = { jobs: 0, runs: 0, fireTimes: 0 }
  private readonly notChecked = new Map<NotCheckedReason, number>()
  private readonly violations: Array<Violation> = []

  get full(): boolean {
    return this.violations.length >= maxViolations
  }

  add(store: string, jobId: string, { runs, fireTimes, notChecked, found }: Findings): void {
    this.checked.jobs += 1
    this.checked.runs += runs
    this.checked.fireTimes += fireTimes
    for (const reason of notChecked) this.notChecked.set(reason, (this.notChecked.get(reason) ?? 0) + 1)
    for (const { invariant, message } of found) this.tell({ invariant, store, jobId, message })
  }

  /** Something about what is kept beside a run; `jobId: null`: of no run. */
  addKept(store: string, jobId: string | null, message: string): void {
    this.tell({ invariant: "savedSteps", store, jobId, message })
  }

  /** Something about the store as a whole. */
  addToStore(store: string, message: string): void {
    this.tell({ invariant: "file", store, jobId: null, message })
  }

  verification(): Verification {
    return {
      ok: this.violations.length === 0,
      checked: { ...this.checked },
      notChecked: [...this.notChecked].map(([reason, jobs]) => ({ reason, jobs })),
      violations: [...this.violations]
    }
  }

  private tell(violation: Violation): void {
    if (!this.full) this.violations.push(violation)
  }
}
