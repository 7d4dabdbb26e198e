/** One executor under examination: gives it orders, keeps what it tells and compares. Part of the contract's suite. */
import { Runtime } from "effect"
import { ContractViolation, sameData } from "../../contract/contractViolation.ts"
import type { AnyTask } from "../../task/task.ts"
import { task } from "../../task/task.ts"
import type { RunMessage } from "../../task/runMessage.ts"
import type { TaskContext } from "../../task/taskContext.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Timers } from "../../time/timers.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { Executor, ExecutorProvider, RunListener, RunOrder, Settlement } from "../executor.ts"
import { checkSettlement } from "../settlement.ts"

/** Timers that stand still until they are moved. */
export interface ContractTimers extends Timers {
  /**
   * Moves time on by `ms`: callbacks that come due are called in order, each at its own instant, and what promises they settle is
   * seen through. With 0, whatever is due now, and all that is pending on promises.
   */
  advance(ms: number): Promise<void>
}

/** What an executor is made with for a check. */
export interface TrialLimits {
  /** Slots. */
  readonly concurrency: number
  /** Places for orders that wait for a slot. */
  readonly queue: number
  /** An aborted attempt that does not end gives its slot back after this long, or before. */
  readonly stuckAfterMs: number
}

/** The executor that is examined. */
export interface ExecutorUnderTest {
  /** Makes what is examined; called for each check. */
  provider(limits: TrialLimits): ExecutorProvider
  /** Fresh timers for each check. */
  timers(): ContractTimers
  /** Kills the worker that makes this run's attempt, and no other. Absent: it has no workers that can die, or none for an attempt alone. */
  crash?(executor: Executor, runId: string): void
}

/** Compares plain data. Throws `ContractViolation`. */
export const expectSame = (promise: string, found: unknown, expected: unknown): void => {
  if (!sameData(found, expected)) throw new ContractViolation({ promise, expected, found })
}

/** Throws `ContractViolation` when `call` does not throw. */
export const expectThrow = (promise: string, call: () => void): void => {
  try {
    call()
  } catch {
    return
  }
  throw new ContractViolation({ promise, expected: "an error", found: "nothing thrown" })
}

/** What a listener was told, in order. */
export type TrialReport =
  | { readonly type: "started"; readonly runId: string; readonly at: EpochMillis }
  | { readonly type: "progressed"; readonly runId: string; readonly value: Json }
  | { readonly type: "checkpointed"; readonly runId: string; readonly text: string; readonly received: number }
  | { readonly type: "settled"; readonly runId: string; readonly settlement: Settlement }

/** What may differ from the usual order. */
export interface TrialOrder {
  readonly args?: Json
  readonly attempt?: number
  readonly timeoutMs?: number | null
  readonly checkpoint?: Json
  readonly messages?: ReadonlyArray<RunMessage>
}

/** Closes it, and waits for nothing: what becomes of a close has a clause of its own. */
export const close = (executor: Executor): void => {
  Promise.resolve(executor.close()).catch(() => undefined)
}

/** A promise that is settled from outside. */
export interface Gate {
  readonly promise: Promise<unknown>
  readonly open: (value?: unknown) => void
  readonly break: (error: unknown) => void
}

/** A closed gate. */
export const gate = (): Gate => {
  let open: (value: unknown) => void = () => undefined
  let breakIt: (error: unknown) => void = () => undefined
  const promise = new Promise<unknown>((resolve, reject) => {
    open = resolve
    breakIt = reject
  })
  // It may be broken before anybody waits for it.
  promise.catch(() => undefined)
  return { promise, open: (value) => open(value), break: (error) => breakIt(error) }
}

const isJson = (text: unknown): boolean => {
  try {
    return typeof text === "string" && JSON.parse(text) !== undefined
  } catch {
    return false
  }
}

/** An executor with everything it has told. */
export class Trial {
  readonly executor: Executor
  readonly provider: ExecutorProvider
  readonly timers: ContractTimers
  /** Runs Effects without any services. */
  readonly runtime = Runtime.defaultRuntime
  readonly reports: Array<TrialReport> = []
  /** By the names that its orders give them. */
  readonly tasks = new Map<string, AnyTask<unknown>>()
  private wrong: ContractViolation | null = null
  /** Called with each report, after it is kept. */
  onReport: (report: TrialReport) => void = () => undefined

  constructor(underTest: ExecutorUnderTest, limits: Partial<TrialLimits> = {}) {
    this.timers = underTest.timers()
    this.provider = underTest.provider({ concurrency: 2, queue: 2, stuckAfterMs: 1_000, ...limits })
    const listener: RunListener = {
      started: ({ runId }, at) => this.tell({ type: "started", runId, at }),
      progressed: ({ runId }, value) => this.tell({ type: "progressed", runId, value }),
      checkpointed: ({ runId }, text, received = 0) => {
        if (!isJson(text)) this.breach(`a checkpoint of run ${runId}`, "JSON text", text)
        this.tell({ type: "checkpointed", runId, text, received })
      },
      settled: ({ runId }, settlement) => {
        this.check(runId, settlement)
        this.tell({ type: "settled", runId, settlement })
      }
    }
    this.executor = this.provider.make({
      name: "trial",
      tasks: { find: (name) => this.tasks.get(name), names: [] },
      timers: this.timers,
      runtime: this.runtime,
      listener
    })
  }

  /** Submits one attempt of `code`: a task, or a function to make one of. */
  submit(runId: string, code: AnyTask | ((context: TaskContext<Json>) => unknown), given: TrialOrder = {}): RunOrder {
    // Each order's task has a name of its own: its code is looked up by nothing else.
    const name = `task ${this.tasks.size} of the trial`
    this.tasks.set(name, typeof code === "function" ? task(name, code) : code)
    const order = { ...this.order(runId, given), task: name }
    this.executor.submit(order)
    return order
  }

  /** An attempt of a task that nobody knows. */
  order(runId: string, given: TrialOrder = {}): RunOrder {
    const { args = null, attempt = 1, timeoutMs = null, checkpoint, messages } = given
    return {
      ...{ runId, jobId: `job of ${runId}`, task: "unknown", args, fireAt: 1_000, attempt, timeoutMs },
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(messages === undefined ? {} : { messages })
    }
  }

  /** The next start's: with an executor of the same provider, by the same timers. */
  next(): Trial {
    const { provider, timers, tasks } = this
    const next = new Trial({ provider: () => provider, timers: () => timers })
    for (const [name, code] of tasks) next.tasks.set(name, code)
    return next
  }

  /** Lets everything happen that needs no time. Throws `ContractViolation` where something was told that is no settlement, or no checkpoint. */
  async settle(): Promise<void> {
    await this.timers.advance(0)
    if (this.wrong !== null) throw this.wrong
  }

  /** Keeps what is wrong with the first settlement that is none: thrown here, it might be swallowed. */
  private check(runId: string, settlement: Settlement): void {
    try {
      checkSettlement(settlement)
    } catch (error) {
      this.breach(`the settlement of run ${runId}`, "a Settlement", String(error))
    }
  }

  private breach(promise: string, expected: string, found: unknown): void {
    this.wrong ??= new ContractViolation({ promise, expected, found })
  }

  /** The settlements of a run, in order. */
  settlements(runId: string): ReadonlyArray<Settlement> {
    return this.reports.flatMap((report) =>
      report.type === "settled" && report.runId === runId ? [report.settlement] : []
    )
  }

  /** The only settlement of a run. */
  settlement(runId: string): Settlement {
    const [first, ...more] = this.settlements(runId)
    if (first === undefined || more.length > 0) {
      const found = `${first === undefined ? 0 : more.length + 1} settlements`
      throw new ContractViolation({ promise: `run ${runId}`, expected: "one settlement", found })
    }
    return first
  }

  outcome(runId: string): string {
    return this.settlement(runId).outcome
  }

  /** `"started a"`, `"settled a"` …, in order. */
  get story(): ReadonlyArray<string> {
    return this.reports.map((report) => `${report.type} ${report.runId}`)
  }

  private tell(report: TrialReport): void {
    this.reports.push(report)
    this.onReport(report)
  }
}
