/**
 * From when on a store's fire times are claimed without a break. What came due before was missed: nobody was there, or nothing was
 * claimed. The newest such instants are left in the store as marks, so that `verify` can tell a fire time that was missed from one
 * that met a run.
 */
import type { LedgerRow, MarkRow } from "../../store/jobStore.ts"
import type { EpochMillis } from "../../time/instant.ts"

/** A start, a resume or the end of an outage. */
export interface ClaimsBegin {
  /** Fire times before it were missed, as far as they had no record by then. */
  readonly since: EpochMillis
  /** What is recorded as overlap from here on was recorded after it; later than `since` where the clock was set back. */
  readonly recordedFrom: EpochMillis
}

/** Pairs of `since` and `recordedFrom` as a JSON list, ascending. */
export const claimingSinceMark = "claimingSince"
/** When the last overlap was recorded. */
export const overlapAtMark = "overlapAt"

/** Kept in a store, the newest: as many starts, resumes and outages can be told apart. */
const mostKept = 100

export class ClaimingSince {
  private begins: ReadonlyArray<ClaimsBegin>
  private overlapAt: EpochMillis
  private saved: ReadonlyArray<ClaimsBegin>
  private begun = false

  constructor(marks: ReadonlyMap<string, string>) {
    this.begins = readClaimingSince(marks)
    this.saved = this.begins
    const overlapAt = Number(marks.get(overlapAtMark))
    this.overlapAt = Number.isSafeInteger(overlapAt) ? overlapAt : -Infinity
  }

  /** Claims begin, or go on after a pause or an outage. */
  begin(now: EpochMillis): void {
    this.begun = true
    const recordedFrom = Math.max(now, this.overlapAt + 1)
    // A clock that was set back shows later ones again, as instants of this time.
    this.begins = [...this.begins.filter(({ since }) => since < now), { since: now, recordedFrom }].slice(-mostKept)
  }

  /** Fire times up to here were missed; `null`: nothing has been claimed yet. */
  missedThrough(now: EpochMillis): EpochMillis | null {
    if (!this.begun) return null
    const newest = this.begins.at(-1)?.since ?? now
    if (newest > now) this.begin(now)
    return Math.min(newest, now)
  }

  /** Ascending. */
  get all(): ReadonlyArray<ClaimsBegin> {
    return this.begins
  }

  /** What a commit with this ledger leaves in the store. `committed` follows when it is there. */
  marks(ledger: ReadonlyArray<LedgerRow>, now: EpochMillis): ReadonlyArray<MarkRow> {
    const { begins, begun, saved } = this
    const marks: Array<MarkRow> = []
    if (begun && begins !== saved)
      marks.push({
        name: claimingSinceMark,
        value: JSON.stringify(begins.map(({ since, recordedFrom }) => [since, recordedFrom]))
      })
    if (ledger.some(isOverlap)) {
      this.overlapAt = Math.max(this.overlapAt, now)
      marks.push({ name: overlapAtMark, value: String(this.overlapAt) })
    }
    return marks
  }

  /** What `marks` gave is on disk; `begins` is as it was then. */
  committed(begins: ReadonlyArray<ClaimsBegin>): void {
    this.saved = begins
  }
}

/** A ledger entry of fire times that met as many runs as allowed. */
export const isOverlap = ({ reason }: Pick<LedgerRow, "reason">): boolean => reason === "maxInstances"

/** What earlier owners have left; a text that is damaged tells nothing. */
export const readClaimingSince = (marks: ReadonlyMap<string, string>): ReadonlyArray<ClaimsBegin> => {
  try {
    const found: unknown = JSON.parse(marks.get(claimingSinceMark) ?? "[]")
    return Array.isArray(found) ? found.flatMap(readBegin) : []
  } catch {
    return []
  }
}

const readBegin = (pair: unknown): ReadonlyArray<ClaimsBegin> => {
  if (!Array.isArray(pair)) return []
  const [since, recordedFrom] = pair as ReadonlyArray<unknown>
  return typeof since === "number" && typeof recordedFrom === "number" ? [{ since, recordedFrom }] : []
}
