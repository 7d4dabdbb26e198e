/** What a crash has cut short, for the counts: between which steps of a run it came. */
import type { Executions } from "./executions.ts"
import type { Model } from "./model.ts"

export const cutShort = (model: Model, executions: Executions): ReadonlyArray<string> =>
  [...model.jobs.values()].flatMap(({ memory }) =>
    memory.live.flatMap(({ runKey, attempt, retryAt }) => {
      if (retryAt !== null) return []
      const execution = executions.find(runKey, attempt)
      if (execution === undefined) return ["crash between claim and start"]
      return [execution.ended === null ? "crash while a task runs" : "crash between end and its commit"]
    })
  )
