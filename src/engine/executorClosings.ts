/** Executors that are closing: a stop waits for them, though never for long, and what goes wrong with one is told. */
import { heed } from "../event/callback.ts"
import type { CancelTimer, Timers } from "../time/timers.ts"
import { ExecutorUnansweredError } from "./schedulerError.ts"

/** What a stop whose deadline has passed still waits for an executor, milliseconds. */
const shortestMs = 5_000
/** What it waits at the most, however late its deadline is. */
const longestMs = 30_000

interface Closing {
  readonly executor: string
  /** Resolves when it has ended, or had its time. */
  readonly over: Promise<void>
  /** It has had its time. */
  readonly giveUp: () => void
}

export class ExecutorClosings {
  private readonly timers: Timers
  private readonly report: (executor: string, error: unknown, doing: string) => void
  private readonly closings = new Set<Closing>()

  constructor(timers: Timers, report: (executor: string, error: unknown, doing: string) => void) {
    this.timers = timers
    this.report = report
  }

  /** Watches what a `close` gave. The promise resolves when it has ended or had its time; `null`: it has ended already. */
  watch(executor: string, given: unknown): Promise<void> | null {
    const failed = (error: unknown): void => this.report(executor, error, "close")
    if (!isThenable(given)) {
      heed(given, failed)
      return null
    }
    const startedMs = this.timers.monotonicMillis()
    let end = (): void => undefined
    const over = new Promise<void>((resolve) => (end = resolve))
    const through = (): void => {
      cancel()
      this.closings.delete(closing)
      end()
    }
    const giveUp = (): void => {
      if (!this.closings.has(closing)) return
      const afterMs = Math.round(this.timers.monotonicMillis() - startedMs)
      failed(new ExecutorUnansweredError({ executor, call: "close", afterMs }))
      through()
    }
    const closing = { executor, over, giveUp }
    const cancel = this.timers.after(longestMs, giveUp)
    this.closings.add(closing)
    Promise.resolve(given).then(through, (error: unknown) => {
      failed(error)
      through()
    })
    return over
  }

  /** Resolves when all have ended; when `deadline` has, at the latest after a while. */
  async ended(deadline: Promise<void>): Promise<void> {
    const closings = [...this.closings]
    if (closings.length === 0) return
    let cancel: CancelTimer = () => undefined
    const shortest = new Promise<void>((resolve) => (cancel = this.timers.after(shortestMs, resolve)))
    await Promise.race([Promise.all(closings.map(({ over }) => over)), Promise.all([deadline, shortest])])
    cancel()
    for (const { giveUp } of closings) giveUp()
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === "object" && value !== null) || typeof value === "function") &&
  "then" in value &&
  typeof value.then === "function"
