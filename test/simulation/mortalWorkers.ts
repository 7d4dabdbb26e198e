/** An executor whose workers may die under the attempts that they make, one each; and what it settles with, told to whoever watches. */
import type { Executor, ExecutorProvider, RunListener, Settlement } from "../../src/executor/executor.ts"
import type { WorkerDeath } from "./plan.ts"

export interface MortalWorkers {
  readonly provider: ExecutorProvider
  /** The worker that makes the run's attempt dies. */
  kill(runId: string, how: WorkerDeath["how"]): void
}

export const mortalWorkers = (
  inner: ExecutorProvider,
  watch: Pick<RunListener, "checkpointed" | "settled">
): MortalWorkers => {
  const dying = new Map<string, WorkerDeath["how"]>()
  let made: Executor | null = null
  return {
    provider: {
      ...inner,
      make: (context) => {
        const { listener } = context
        made = inner.make({
          ...context,
          listener: {
            ...listener,
            checkpointed: (attempt, text, received) => {
              watch.checkpointed(attempt, text, received)
              listener.checkpointed(attempt, text, received)
            },
            settled: (attempt, settlement) => {
              const how = dying.get(attempt.runId)
              const told = how === undefined ? settlement : dead(settlement, how)
              watch.settled(attempt, told)
              listener.settled(attempt, told)
            }
          }
        })
        return made
      }
    },
    kill: (runId, how) => {
      dying.set(runId, how)
      made?.cancel(runId)
      dying.delete(runId)
    }
  }
}

const dead = (settlement: Settlement, how: WorkerDeath["how"]): Settlement => ({
  ...settlement,
  outcome: how,
  error: how === "failed" ? { name: "WorkerDied", message: "its worker has died" } : null,
  crashed: true
})
