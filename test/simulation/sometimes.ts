/** Counts of what a simulation has really done: a fault that never happens proves nothing. */
import type { Change } from "./change.ts"

export class Sometimes {
  readonly counts = new Map<string, number>()

  note(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times)
  }

  see({ before, after, claims, settled, ledger }: Change): void {
    this.note("fires", claims.length)
    for (const { kind, reason, count } of ledger) {
      this.note(reason === null ? kind : `misfired: ${reason}`)
      if (kind === "coalesced" && count > 10) this.note("more than 10 coalesced")
      if (count > 1000) this.note("more than 1,000 fire times in one entry")
    }
    for (const { outcome, attempt } of settled) {
      this.note(outcome === null ? "tried again" : `run ${outcome}`)
      if (attempt > 3) this.note("more than 3 attempts")
    }
    const { memory } = after
    if (memory.backlog !== null) this.note("catch-up in several wakes")
    if (memory.queue.length > 10) this.note("more than 10 queued")
    if (memory.fault !== null && before?.memory.fault === null) this.note(`parked: ${memory.fault.kind}`)
    if (before?.row.value === "done" && after.row.value !== "done") this.note("done and declared again")
    if (memory.live.length > 1) this.note("several runs of a job at a time")
  }

  add(other: Sometimes): void {
    for (const [what, times] of other.counts) this.note(what, times)
  }
}
