/**
 * The suite that every executor passes. It knows no test framework: give each check's name and `run` to yours. It examines
 * executors that run a task's code as it is given to them, in this process.
 */
import { adoptionClauses } from "./adoptionClauses.ts"
import { capacityClauses } from "./capacityClauses.ts"
import { checkpointClauses } from "./checkpointClauses.ts"
import { endingClauses } from "./endingClauses.ts"
import type { ExecutorUnderTest } from "./executorTrial.ts"
import { messageClauses } from "./messageClauses.ts"
import { outcomeClauses } from "./outcomeClauses.ts"

export type { ContractTimers, ExecutorUnderTest, TrialLimits } from "./executorTrial.ts"

/** One promise of the contract. */
export interface ExecutorCheck {
  /** One sentence of the contract. */
  readonly name: string
  /** Rejects with `ContractViolation` when the executor does not keep it. Moves its own timers; waits for no real time. */
  run(): Promise<void>
}

/** Every check, independent of each other and of their order. */
export const executorContract = (underTest: ExecutorUnderTest): ReadonlyArray<ExecutorCheck> =>
  Object.entries({
    ...outcomeClauses,
    ...capacityClauses,
    ...endingClauses,
    ...checkpointClauses,
    ...messageClauses,
    ...adoptionClauses
  }).map(([name, examine]) => ({ name, run: () => examine(underTest) }))
