/** Jobs out of one scheduler and into another, as versioned JSON: definitions and pauses, not runs. */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import { ofTrigger } from "../engine/job/jobDefinition.ts"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type { JobInput } from "../job/jobOptions.ts"
import { ruleOptions } from "../job/jobOptions.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Trigger, TriggerSpec } from "../trigger/trigger.ts"

/** One job as it is exported: what its record says, and whether it is paused. */
export interface ExportedJob extends Pick<
  JobRecord,
  "id" | "name" | "task" | "args" | "trigger" | "rules" | "executor" | "store" | "tags" | "metadata"
> {
  /** By whomever; a fault is not exported, and shows again when the job is resumed. */
  readonly paused: boolean
}

/** What `exportJobs` gives: plain JSON. */
export interface ExportedJobs {
  /** Tells an export from other JSON. */
  readonly format: "carillon-jobs"
  /** Of the format. A later version of this code reads earlier ones. */
  readonly version: 1
  /** Epoch milliseconds. */
  readonly exportedAt: EpochMillis
  /** As `getJobs` orders them. */
  readonly jobs: ReadonlyArray<ExportedJob>
}

/** What differs from the export. */
export interface ImportOptions {
  /** What becomes of ids that are taken. Default `"error"`. */
  readonly ifExists?: "error" | "replace" | "keep"
  /** Puts all jobs into this store. Default: the one they came from. */
  readonly store?: string
}

/** Text that is no export, or one of a version that this code does not read. */
export class InvalidExportError extends Data.TaggedError("InvalidExportError")<{
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `importJobs: found ${this.found}, expected ${this.expected}`
  }
}

export const exportJobs = (records: ReadonlyArray<JobRecord>, now: EpochMillis): ExportedJobs => ({
  format: "carillon-jobs",
  version: 1,
  exportedAt: now,
  jobs: records
    .filter(({ state, fault }) => state !== "done" && fault?.kind !== "unreadable")
    .map(({ id, name, task, args, trigger, rules, executor, store, tags, metadata, pausedAt }) => ({
      id,
      name,
      task,
      args,
      trigger,
      rules,
      executor,
      store,
      tags,
      metadata,
      paused: pausedAt !== null
    }))
})

/** What `addJobs` takes. Throws `InvalidExportError` and what a trigger's own check throws. */
export const readExport = (
  exported: ExportedJobs,
  options: ImportOptions,
  readTrigger: (spec: TriggerSpec) => Trigger
): ReadonlyArray<JobInput> => {
  if (isUnreadable(exported, 4) || isUnreadable(options))
    throw new InvalidExportError({ found: unreadableText, expected: "what exportJobs gave" })
  const { format, version, jobs } = fieldsOf(exported)
  if (format !== "carillon-jobs" || !Array.isArray(jobs)) {
    throw new InvalidExportError({ found: inWords(exported), expected: "what exportJobs gave" })
  }
  if (version !== 1) throw new InvalidExportError({ found: `version ${inWords(version)}`, expected: "version 1" })
  for (const [index, job] of jobs.entries()) {
    const { id, trigger, rules } = fieldsOf(job)
    if (
      typeof id !== "string" ||
      typeof trigger !== "object" ||
      typeof rules !== "object" ||
      trigger === null ||
      rules === null
    ) {
      throw new InvalidExportError({
        found: `jobs[${index}] without id, trigger or rules`,
        expected: "what exportJobs gave"
      })
    }
  }
  return exported.jobs.map((job: ExportedJob) => {
    const { id, name, task, args, trigger, rules, executor, store, tags, metadata, paused } = job
    return {
      id,
      name,
      task,
      args,
      executor,
      tags,
      metadata,
      paused,
      trigger: ofTrigger(id, () => readTrigger(trigger)),
      store: options.store ?? store,
      ifExists: options.ifExists ?? "error",
      ...ruleOptions(rules)
    }
  })
}

const fieldsOf = (value: unknown): { readonly [field: string]: unknown } =>
  typeof value === "object" && value !== null ? (value as { readonly [field: string]: unknown }) : {}
