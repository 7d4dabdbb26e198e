/** What was sent to unfinished runs and is in none of their checkpoints, in memory: by run, each by number. */
import type { MessageRow } from "../jobStore.ts"

export class RunMessages {
  private readonly byRun = new Map<number, Map<number, MessageRow>>()

  /** Of a number that is there the newest stays. */
  add(row: MessageRow): void {
    const waiting = this.byRun.get(row.runKey)
    if (waiting === undefined) this.byRun.set(row.runKey, new Map([[row.number, row]]))
    else waiting.set(row.number, row)
  }

  /** Those up to this number have been taken in. */
  take(runKey: number, received: number): void {
    const waiting = this.byRun.get(runKey)
    if (waiting === undefined) return
    for (const number of waiting.keys()) if (number <= received) waiting.delete(number)
    if (waiting.size === 0) this.byRun.delete(runKey)
  }

  end(runKey: number): void {
    this.byRun.delete(runKey)
  }

  /** By number; empty: none waits. */
  of(runKey: number): ReadonlyArray<MessageRow> {
    return [...(this.byRun.get(runKey)?.values() ?? [])].sort((a, b) => a.number - b.number)
  }

  /** Numbers by run, ascending. */
  get numbers(): ReadonlyMap<number, ReadonlyArray<number>> {
    return new Map([...this.byRun.keys()].map((runKey) => [runKey, this.of(runKey).map(({ number }) => number)]))
  }
}
