/** Tasks that only take time, for schedules whose code does not matter. */
import { Effect } from "effect"
import type { TaskContext } from "../task/taskContext.ts"
import type { DurationLike } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"

/**
 * A task's code that takes `duration` of the scheduler's time and succeeds: `task("backup", takes("10 minutes"))`. A function
 * gives each attempt its own; what it throws fails the attempt, at once. Throws `InvalidDurationError`.
 */
export const takes = (
  duration: DurationLike | ((context: TaskContext) => DurationLike)
): ((context: TaskContext) => Effect.Effect<void>) => {
  if (typeof duration === "function") return (context) => sleep(duration(context))
  const always = sleep(duration)
  return () => always
}

const sleep = (duration: DurationLike): Effect.Effect<void> => Effect.sleep(readDuration(duration, "what a task takes"))
