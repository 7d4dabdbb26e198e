/** What was stopped and whose end is still to come, such as an Effect in its finalizers: a close waits for it. */
export class PendingEnds<A> {
  private readonly pending = new Set<A>()
  private waiting: Array<() => void> = []

  add(stopped: A): void {
    this.pending.add(stopped)
  }

  delete(ended: A): void {
    if (!this.pending.delete(ended) || this.pending.size > 0) return
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  /** Resolves when all have ended; `undefined`: they have. */
  over(): Promise<void> | undefined {
    return this.pending.size === 0 ? undefined : new Promise((resolve) => this.waiting.push(resolve))
  }
}
