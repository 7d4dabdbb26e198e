/** The public surface of `carillon/effect`. */
export { Scheduler } from "./scheduler/schedulerLayer.ts"
export type { LayerError, LayerOptions } from "./scheduler/schedulerLayer.ts"
export type { JobHandle, RunHandle } from "./scheduler/effectHandles.ts"
export type { SchedulerFault } from "./scheduler/schedulerEnd.ts"
export type { SchedulerError, SchedulerService } from "./scheduler/schedulerService.ts"
export type { SchedulerOptions } from "./scheduler/options.ts"
