/** What can be wrong with a history. Each kind is one broken promise. */

export type Invariant =
  /** A fire time that the cursor has passed, or that was due long ago, with no run, misfire or coalesced entry. */
  | "lost"
  /** A fire time that is accounted for more than once. */
  | "doubleAccounting"
  /** A run or an entry for an instant that is no fire time of the job, or for no job at all. */
  | "invented"
  /** A ledger entry that counts other than its stretch holds, or that names a run of another job or of none. */
  | "wrongEntry"
  /** Claimed or started before its instant. */
  | "early"
  /** An attempt that was seen and is not on disk. */
  | "unclaimedStart"
  /** One attempt that started more than once. */
  | "startedTwice"
  /** More attempts at a time than `maxInstances`. */
  | "maxInstances"
  /** More runs for fire times than `maxRuns`. */
  | "maxRuns"
  /** Attempts that do not count up by one, or go on beyond the retry limit. */
  | "attempts"
  /** A run whose process died was not tried again, or was though it should not be. */
  | "onInterrupted"
  /** An outcome that somebody was told and that is not on disk, or is another there. */
  | "outcomeLost"
  /** A run said to have succeeded whose task never finished. */
  | "outcomeInvented"
  /** A run that started again after its outcome was told. */
  | "ranAgain"
  /** A job that was added, removed, paused or resumed according to its caller, and is not. */
  | "commandLost"
  /** An unfinished run that its job does not know of; or, after everything had time to end, any. */
  | "unfinished"
  /** A fire time that became a run while its job was paused or after it was removed. */
  | "outOfService"

export interface Violation {
  readonly invariant: Invariant
  readonly jobId: string
  /** One sentence with the facts. */
  readonly message: string
}

export type Report = (invariant: Invariant, jobId: string, message: string) => void
