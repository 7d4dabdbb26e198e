/** Jobs declared beside their tasks, as definitions. Declared again, unchanged, they change nothing. */
import type { Engine } from "../engine/engine.ts"
import type { JobDefinition } from "../engine/job/jobDefinition.ts"
import { defineJob } from "../engine/job/jobDefinition.ts"
import type { JobOptions } from "../job/jobOptions.ts"
import type { AnyTask } from "../task/task.ts"
import type { TaskRegistry } from "../task/taskRegistry.ts"
import type { Json } from "../trigger/trigger.ts"

/**
 * Those of `tasks`, which are registered or, with `registry`, about to be. In the order of tasks and declarations. The id of a task's first job is the task's name, of the second `name-2`, unless
 * given. A single instant that passed longer ago than done jobs are kept is left out: it may have run and been deleted.
 */
export const declaredJobs = (
  engine: Engine,
  tasks: ReadonlyArray<AnyTask<unknown>> = engine.tasks.all,
  registry: TaskRegistry = engine.tasks
): ReadonlyArray<JobDefinition> => {
  const { options } = engine
  const environment = { ...engine.environment, tasks: registry }
  const definitions: Array<JobDefinition> = []
  for (const task of tasks) {
    for (const [index, { trigger, options: given }] of task.declared.entries()) {
      const id = index === 0 ? task.name : `${task.name}-${index + 1}`
      const input = {
        id,
        ifExists: "replace",
        ...(given as JobOptions & { readonly args?: Json }),
        task,
        trigger
      } as const
      const definition = defineJob(input, environment, "declared")
      const forgotten =
        definition.trigger.type === "date" && definition.memory.since < environment.now - options.retention.jobAgeMs
      if (!forgotten) definitions.push(definition)
    }
  }
  return definitions
}
