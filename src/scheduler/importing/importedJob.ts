/** What becomes of one schedule of another scheduler. */
import type { JobInput } from "../../job/jobOptions.ts"

/** A job of an import: what `JobInput` has, with an id and the name of its task. */
export interface ImportedJob extends Omit<JobInput, "id" | "task"> {
  /** The schedule's own, unique among those of its export as far as they are there. */
  readonly id: string
  /** The name of the task that is to be registered. */
  readonly task: string
}
