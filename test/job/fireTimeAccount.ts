/** Double-entry for a job's fire times and attempts: what it was given against where each has ended. */
import { expect } from "vitest"
import type { JobAnswer } from "../../src/job/jobEvent.ts"

export class FireTimeAccount {
  /** Where each fire time has ended. */
  private readonly places = new Map<number, string>()
  /** Given, in no final place yet. */
  private readonly pending = new Set<number>()
  /** Run key → the attempt that may end next; runs that have ended are gone. */
  private readonly nextAttempt = new Map<number, number>()

  give(fireAt: number): void {
    expect(this.places.has(fireAt) || this.pending.has(fireAt), `${fireAt} was given twice`).toBe(false)
    this.pending.add(fireAt)
  }

  /** Enters an answer: each fire time ends once, each entry names exactly its fire times, attempts count up by one. */
  enter(answer: JobAnswer): void {
    for (const claim of answer.claims) {
      if (!claim.requested) this.place(claim.fireAt, "run")
      expect(this.nextAttempt.has(claim.runKey)).toBe(false)
      this.nextAttempt.set(claim.runKey, 1)
    }
    for (const { run, retryAt } of answer.ended) {
      expect(run.attempt).toBe(this.nextAttempt.get(run.runKey))
      if (retryAt === null) this.nextAttempt.delete(run.runKey)
      else this.nextAttempt.set(run.runKey, run.attempt + 1)
    }
    for (const run of answer.retries) {
      expect(run).toMatchObject({ attempt: this.nextAttempt.get(run.runKey), retryAt: null })
    }
    for (const entry of answer.entries) {
      if (entry.kind !== "misfired" && entry.kind !== "coalesced") {
        expect(entry.count).toBe(0)
        continue
      }
      const inside = this.waiting.filter((at) => at >= entry.from && at <= entry.through)
      expect(inside).toHaveLength(entry.count)
      expect([Math.min(...inside), Math.max(...inside)]).toEqual([entry.from, entry.through])
      for (const at of inside) this.place(at, entry.reason ?? entry.kind)
    }
  }

  /** Fire times without a final place. */
  get waiting(): ReadonlyArray<number> {
    return [...this.pending]
  }

  /** [run key, attempt] of each run that has not ended, in the order of their claims. */
  get attempts(): ReadonlyArray<readonly [number, number]> {
    return [...this.nextAttempt]
  }

  /** "run", "coalesced" or a misfire's reason; "waiting" in the queue, "never" when not due. */
  placeOf(fireAt: number): string {
    return this.places.get(fireAt) ?? (this.pending.has(fireAt) ? "waiting" : "never")
  }

  private place(fireAt: number, where: string): void {
    const before = this.places.get(fireAt) ?? "never given"
    expect(this.pending.delete(fireAt), `${fireAt} ends as ${where}, and as ${before}`).toBe(true)
    this.places.set(fireAt, where)
  }
}
