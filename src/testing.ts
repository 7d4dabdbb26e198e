/** The public surface of `carillon/testing`: virtual time, schedules run through in it, and the suites that stores and executors must pass. */
export { RestlessProgramError, VirtualClock, virtualClock } from "./testing/virtualClock.ts"
export { simulate, UnfinishedStepError } from "./testing/simulate.ts"
export type { Downtime, SimulateOptions, SimulationStep } from "./testing/simulate.ts"
export type { JobSummary, Simulation } from "./testing/simulation.ts"
export { takes } from "./testing/takes.ts"
export { ContractViolation } from "./contract/contractViolation.ts"
export * from "./store/contract/storeContract.ts"
export * from "./executor/contract/executorContract.ts"
