/** The public surface of `carillon/effect`. */
export { Scheduler } from "./scheduler/schedulerLayer.ts"
export type { LayerError, LayerOptions, SchedulerError, SchedulerService } from "./scheduler/schedulerLayer.ts"
export type { SchedulerOptions } from "./scheduler/options.ts"
