/** An executor whose workers may die under the attempts that they make, one each; and what it settles with, told to whoever watches. */
import type { AttemptId, Executor, ExecutorProvider, Settlement } from "../../src/executor/executor.ts"
import type { WorkerDeath } from "./plan.ts"

export interface MortalWorkers {
  readonly provider: ExecutorProvider
  /** The worker that makes the run's attempt dies. */
  kill(runId: string, how: WorkerDeath["how"]): void
}

export const mortalWorkers = (
  inner: ExecutorProvider,
  settles: (attempt: AttemptId, settlement: Settlement) => void
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
            settled: (attempt, settlement) => {
              const how = dying.get(attempt.runId)
              const told = how === undefined ? settlement : dead(settlement, how)
              settles(attempt, told)
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
