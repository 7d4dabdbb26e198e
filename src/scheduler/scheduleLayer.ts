/** A durable job of a definition, as a layer: it is there once the layer is built, and stays. */
import { Effect, Layer } from "effect"
import { DuplicateJobError } from "../engine/schedulerError.ts"
import type { JobOptions } from "../job/jobOptions.ts"
import type { DuplicateTaskError } from "../task/taskRegistry.ts"
import type { Trigger } from "../trigger/trigger.ts"
import { attempt, refusable } from "./effectVerb.ts"
import type { JobHandle } from "./jobHandle.ts"
import { encodeArguments } from "./jobParts.ts"
import type { JobParts } from "./jobParts.ts"
import { insideOf } from "./schedulerInside.ts"
import { Scheduler } from "./schedulerLayer.ts"
import type { AddJobError } from "./verbErrors.ts"

/** Arguments that may be left out where there are none. */
export type ScheduleOptions<Args> = JobOptions &
  ([Args] extends [void]
    ? {
        /** There are none. */
        readonly args?: undefined
      }
    : {
        /** Of each run, decoded. */
        readonly args: Args
      })

/** What a layer that schedules a job fails with. */
export type ScheduleError = AddJobError | DuplicateTaskError

/** The layer of `Job.schedule`. */
export const scheduleLayer = <Args, Success, Error>(
  parts: JobParts<Args, Success, Error>,
  trigger: Trigger,
  given: JobOptions & { readonly args?: unknown }
): Layer.Layer<never, ScheduleError, Scheduler> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const { scheduler, scheduled } = yield* Effect.flatMap(Scheduler, insideOf)
      const { definition, rules } = parts
      const { args, id = definition.name, ...options } = given
      yield* refusable<void, DuplicateTaskError>(() => scheduler.defineTask(definition))
      const encoded = yield* encodeArguments(parts, args, id)
      yield* Effect.acquireRelease(
        Effect.suspend(() => {
          // Two layers that replace each other's job at every start are a mistake.
          if (scheduled.has(id))
            return Effect.fail(new DuplicateJobError({ jobId: id, store: options.store ?? "default" }))
          return Effect.sync(() => scheduled.add(id))
        }),
        () => Effect.sync(() => scheduled.delete(id))
      )
      yield* attempt<JobHandle, AddJobError>(() =>
        scheduler.declareJob({
          ifExists: "replace",
          ...rules,
          ...options,
          id,
          trigger,
          task: definition.name,
          args: encoded
        })
      )
    })
  )
