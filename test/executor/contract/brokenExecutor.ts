/** An executor in this process with some calls of another kind, and the clauses of the contract that it breaks. */
import { expect } from "vitest"
import { executorContract } from "../../../src/executor/contract/executorContract.ts"
import type { ExecutorUnderTest } from "../../../src/executor/contract/executorContract.ts"
import type {
  AttemptId,
  Executor,
  ExecutorContext,
  ExecutorProvider,
  RunListener,
  Settlement
} from "../../../src/executor/executor.ts"
import { inProcess } from "../../../src/executor/inProcess/inProcessExecutor.ts"
import { ManualTimers } from "../manualTimers.ts"

export type Broken = (executor: Executor, context: ExecutorContext) => Partial<Executor>

type Settles = (settlement: Settlement, attempt: AttemptId) => Settlement

/** In this process, but for some calls, for what it settles with, and for what else it tells. */
export const broken = (
  calls: Broken,
  settles: Settles = (settlement) => settlement,
  tells: (listener: RunListener) => Partial<RunListener> = () => ({}),
  crash: Pick<ExecutorUnderTest, "crash"> = {}
) =>
  executorContract({
    ...crash,
    provider: ({ concurrency, queue, stuckAfterMs }): ExecutorProvider => {
      const sound = inProcess({ concurrency, queue, stuckAfter: stuckAfterMs })
      return {
        ...sound,
        make: (context) => {
          const { listener } = context
          const told: RunListener = {
            ...listener,
            settled: (attempt, settlement) => listener.settled(attempt, settles(settlement, attempt)),
            ...tells(listener)
          }
          const executor = sound.make({ ...context, listener: told })
          return {
            free: () => executor.free(),
            submit: (order) => executor.submit(order),
            cancel: (runId) => executor.cancel(runId),
            close: () => executor.close(),
            status: () => executor.status(),
            ...calls(executor, context)
          }
        }
      }
    },
    timers: () => new ManualTimers()
  })

/** The clauses that it breaks. */
export const violations = async (checks: ReturnType<typeof executorContract>): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const { name, run } of checks) {
    try {
      await run()
    } catch (error) {
      expect(error).toMatchObject({ _tag: "ContractViolation" })
      found.push(name)
    }
  }
  return found
}
