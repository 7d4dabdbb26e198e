/** What a job carries for people and for its declaration: no rule of its runs depends on it, so damage here parks nothing. */
import type { JobInput } from "../../job/jobOptions.ts"
import type { RunCaller } from "../../job/run.ts"
import type { JobDefinitionRow } from "../../store/jobStore.ts"
import type { TriggerSpec } from "../../trigger/trigger.ts"

/** What only people read of a job, and the trigger as it was given, before its defaults were settled. */
export interface JobNotes {
  readonly name?: string
  readonly tags?: ReadonlyArray<string>
  readonly metadata?: JobInput["metadata"]
  readonly given?: TriggerSpec
  /** The trigger was left out, for the moment at which the job was added. In `given`, the job's bounds are around an instant that is always the same. */
  readonly immediate?: true
  /** Who added it, for its runs. */
  readonly caller?: RunCaller
  /** Declared beside its task: kept while the declaration stands. */
  readonly declared?: true
}

/** The notes of a stored job; those of which a part cannot be read are none. */
export const readNotes = (row: Pick<JobDefinitionRow, "notes">): JobNotes => {
  try {
    const notes: unknown = JSON.parse(row.notes)
    return isObject(notes) && isSound(notes) ? notes : {}
  } catch {
    return {}
  }
}

/** Who asked for a run: what it does not know itself, whoever added its job has said. `own`: of the run. */
export const callerOf = (row: Pick<JobDefinitionRow, "notes">, own: RunCaller | undefined): RunCaller | undefined => {
  // Asked for every run, and most jobs have none.
  const added = row.notes.includes(`"caller":`) ? readNotes(row).caller : undefined
  return added === undefined || own === undefined ? (own ?? added) : { ...added, ...own }
}

/** Whether two definitions say the same, whoever says it. */
export const sameNotes = (a: Pick<JobDefinitionRow, "notes">, b: Pick<JobDefinitionRow, "notes">): boolean =>
  a.notes === b.notes || withoutCaller(a) === withoutCaller(b)

const withoutCaller = (row: Pick<JobDefinitionRow, "notes">): string => {
  if (!row.notes.includes(`"caller":`)) return row.notes
  const { caller: _, ...notes } = readNotes(row)
  return JSON.stringify(notes)
}

const isSound = (notes: Unchecked): notes is JobNotes => {
  const { name, tags, metadata, given, caller } = notes
  return (
    (name === undefined || typeof name === "string") &&
    (tags === undefined || (Array.isArray(tags) && tags.every((tag) => typeof tag === "string"))) &&
    (metadata === undefined || isObject(metadata)) &&
    (given === undefined || isObject(given)) &&
    (caller === undefined || isObject(caller))
  )
}

type Unchecked = { readonly [part in keyof JobNotes]: unknown }

const isObject = (value: unknown): value is Unchecked =>
  typeof value === "object" && value !== null && !Array.isArray(value)
