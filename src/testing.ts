/** The public surface of `carillon/testing`: virtual time, and the suites that stores and executors must pass. */
export { VirtualClock, virtualClock } from "./testing/virtualClock.ts"
export * from "./store/storeContract.ts"
export * from "./executor/executorContract.ts"
