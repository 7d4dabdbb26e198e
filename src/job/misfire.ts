/** Misfires: fire times that could not start, and why. */

/**
 * - `late`: past the job's `misfireGrace` when it could have started.
 * - `maxInstances`: as many runs as allowed were live, and the overlap policy is not to queue.
 * - `replaced`: it waited, and a newer fire time or a request took its place, as the overlap policy `cancel-running` has it.
 * - `queueFull`: the job's queue of waiting fire times holds 1,000.
 * - `invalidValue`: a stream emitted something that is not JSON or that the task's schema refuses.
 * - `withdrawn`: due, but the job was paused, removed, rescheduled or out of runs before it could start.
 * - `forgotten`: so long ago that it may have run in an earlier life of the job, which retention has deleted.
 * - `skipped`: somebody asked for it to be left out.
 */
export type MisfireReason =
  "late" | "maxInstances" | "replaced" | "queueFull" | "invalidValue" | "withdrawn" | "forgotten" | "skipped"
