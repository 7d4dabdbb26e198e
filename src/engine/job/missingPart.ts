/** What a job needs and this process does not have. */
import { UnknownCalendarError } from "../../trigger/holidayCalendar.ts"
import { missingOf } from "../../trigger/missingTrigger.ts"
import type { Job } from "./jobCodec.ts"
import type { DefinitionEnvironment } from "./jobDefinition.ts"

/** What may be missing. `trigger`: the type of a stored trigger, or a calendar that it names. */
export type MissingKind = "task" | "executor" | "stream" | "trigger"

/** What is registered here. */
export type Registered = Pick<DefinitionEnvironment, "tasks" | "knowsExecutor" | "knowsStream">

/** The first part that the job lacks; `null`: none. */
export const missingPartOf = (
  { row, trigger }: Job,
  { tasks, knowsExecutor, knowsStream }: Registered
): { readonly missing: MissingKind; readonly name: string } | null => {
  if (tasks.find(row.task) === undefined) return { missing: "task", name: row.task }
  if (!knowsExecutor(row.executor)) return { missing: "executor", name: row.executor }
  if (row.stream !== null && !knowsStream(row.stream)) return { missing: "stream", name: row.stream }
  const name = missingTriggerOf({ trigger })
  return name === null ? null : { missing: "trigger", name }
}

/** The type of trigger, or the calendar, that is not there; `null`: nothing. */
export const missingTriggerOf = ({ trigger }: Pick<Job, "trigger">): string | null => {
  const missing = missingOf(trigger)
  if (missing === null) return null
  return missing instanceof UnknownCalendarError ? `calendar ${missing.calendar}` : trigger.type
}
