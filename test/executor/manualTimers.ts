/** Timers that stand still until a test moves them. */
import type { ContractTimers } from "../../src/executor/contract/executorContract.ts"
import type { CancelTimer } from "../../src/time/timers.ts"

interface Waiting {
  readonly dueMs: number
  readonly callback: () => void
}

export class ManualTimers implements ContractTimers {
  private wallAheadMs = Date.UTC(2030, 0, 1)
  private elapsedMs = 0
  private waiting: Array<Waiting> = []

  now(): number {
    return this.wallAheadMs + this.elapsedMs
  }

  monotonicMillis(): number {
    return this.elapsedMs
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    const timer = { dueMs: this.elapsedMs + delayMs, callback }
    this.waiting.push(timer)
    return () => {
      this.waiting = this.waiting.filter((other) => other !== timer)
    }
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.waiting.length
  }

  /** Sets the wall clock forward or back; elapsed time is not affected. */
  stepWall(ms: number): void {
    this.wallAheadMs += ms
  }

  /** Lets time pass within a call, as a long computation does: nothing is called. */
  spend(ms: number): void {
    this.elapsedMs += ms
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.elapsedMs + ms
    await pendingPromises()
    for (let next = this.nextDue(untilMs); next !== undefined; next = this.nextDue(untilMs)) {
      this.waiting = this.waiting.filter((other) => other !== next)
      this.elapsedMs = Math.max(this.elapsedMs, next.dueMs)
      next.callback()
      await pendingPromises()
    }
    this.elapsedMs = Math.max(this.elapsedMs, untilMs)
  }

  private nextDue(untilMs: number): Waiting | undefined {
    const due = this.waiting.filter((timer) => timer.dueMs <= untilMs)
    return due.toSorted((one, other) => one.dueMs - other.dueMs)[0]
  }
}

/** One turn of the event loop: all that is pending on promises has happened after it. */
const pendingPromises = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
}
