/** Jobs out of one scheduler and into another, as versioned JSON: definitions and pauses, not runs. */
import { Data } from "effect"
import { ofTrigger } from "../engine/job/jobDefinition.ts"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type { JobInput } from "../job/jobOptions.ts"
import { preview } from "../job/jobOptions.ts"
import type { JobRules } from "../job/rules.ts"
import { isUnreadable, unreadableText } from "../time/readable.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Json, Trigger, TriggerSpec } from "../trigger/trigger.ts"

/** One job as it is exported. */
export interface ExportedJob {
  readonly id: string
  readonly name: string
  readonly task: string
  readonly args: Json
  readonly trigger: TriggerSpec
  readonly rules: JobRules
  readonly executor: string
  readonly store: string
  readonly tags: ReadonlyArray<string>
  readonly metadata: { readonly [key: string]: Json }
  readonly paused: boolean
}

export interface ExportedJobs {
  readonly format: "carillon-jobs"
  readonly version: 1
  readonly exportedAt: EpochMillis
  readonly jobs: ReadonlyArray<ExportedJob>
}

export interface ImportOptions {
  /** What becomes of ids that are taken. Default `"error"`. */
  readonly ifExists?: "error" | "replace" | "keep"
  /** Puts all jobs into this store. Default: the one they came from. */
  readonly store?: string
}

/** Text that is no export, or one of a version that this code does not read. */
export class InvalidExportError extends Data.TaggedError("InvalidExportError")<{
  readonly found: string
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
    throw new InvalidExportError({ found: preview(exported), expected: "what exportJobs gave" })
  }
  if (version !== 1) throw new InvalidExportError({ found: `version ${preview(version)}`, expected: "version 1" })
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
    const { misfireGraceMs, coalesce, maxInstances, overlap, retry, timeoutMs, onInterrupted, maxRuns } = rules
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
      misfireGrace: misfireGraceMs,
      coalesce,
      maxInstances,
      overlap,
      onInterrupted,
      maxRuns,
      timeout: timeoutMs,
      retry:
        retry === null
          ? null
          : {
              attempts: retry.attempts,
              backoff: retry.backoffMs,
              factor: retry.factor,
              maxBackoff: retry.maxBackoffMs,
              jitter: retry.jitter,
              ...(retry.when === null ? {} : { when: retry.when })
            }
    }
  })
}

const fieldsOf = (value: unknown): { readonly [field: string]: unknown } =>
  typeof value === "object" && value !== null ? (value as { readonly [field: string]: unknown }) : {}
