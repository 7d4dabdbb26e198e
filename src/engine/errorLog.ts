/** What was told to `onError`, counted: what a listener, a stream, an executor or a store did wrong shows in `status()`. */
import type { RunError } from "../job/run.ts"
import { describeError } from "../task/runError.ts"
import type { EpochMillis } from "../time/instant.ts"

/** Errors since the scheduler was made: how many, and the newest. */
export interface ReportedError {
  /** At least 1. */
  readonly count: number
  /** When the newest was told, epoch milliseconds. */
  readonly at: EpochMillis
  /** Who made it, such as `a listener of RunFailed`. */
  readonly where: string
  /** The newest. */
  readonly error: Pick<RunError, "name" | "message">
}

export class ErrorLog {
  private all: ReportedError | null = null
  private readonly executors = new Map<string, ReportedError>()
  private readonly now: () => EpochMillis
  private readonly tell: (error: unknown, where: string) => void

  /** `tell` never throws. */
  constructor(now: () => EpochMillis, tell: (error: unknown, where: string) => void) {
    this.now = now
    this.tell = tell
  }

  /** `null`: none. */
  get reported(): ReportedError | null {
    return this.all
  }

  /** What the executor `name` threw; `null`: nothing. */
  ofExecutor(name: string): ReportedError | null {
    return this.executors.get(name) ?? null
  }

  readonly report = (error: unknown, where: string): void => {
    this.all = this.next(this.all, error, where)
    this.tell(error, where)
  }

  readonly reportExecutor = (name: string, error: unknown, doing: string): void => {
    const where = `executor "${name}" (${doing})`
    this.executors.set(name, this.next(this.ofExecutor(name), error, where))
    this.report(error, where)
  }

  private next(before: ReportedError | null, error: unknown, where: string): ReportedError {
    const { name, message } = describeError(error)
    return { count: (before?.count ?? 0) + 1, at: this.now(), where, error: { name, message } }
  }
}
