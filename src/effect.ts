/** The public surface of `carillon/effect`. */
export { Scheduler } from "./scheduler/Scheduler.ts"
export type { LayerOptions, SchedulerError, SchedulerService } from "./scheduler/Scheduler.ts"
export type { SchedulerOptions } from "./scheduler/options.ts"
