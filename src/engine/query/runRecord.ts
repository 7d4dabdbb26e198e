/** A run's row as callers see it. What of it cannot be read is told in its error; one damaged row hides no other. */
import type { RunError, RunRecord } from "../../job/run.ts"
import { isOfFireTime, retriedKey } from "../../store/claimKind.ts"
import type { RunRow } from "../../store/jobStore.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"

export const runRecord = (writer: StoreWriter, row: RunRow): RunRecord => ({
  runId: writer.runId(row.runKey),
  jobId: row.jobId,
  fireAt: row.fireAt,
  requested: !isOfFireTime(row),
  retryOf: idOf(writer, retriedKey(row)),
  claimedAt: row.claimedAt,
  startedAt: row.startedAt,
  finishedAt: row.finishedAt,
  attempt: row.attempt,
  outcome: row.outcome,
  result: parsed<Json>(row.result, { $unserializable: { type: "text", reason: "its stored text is not JSON" } }),
  error: row.damage === undefined ? readError(row.error) : unreadable(row.damage)
})

const idOf = (writer: StoreWriter, runKey: number | null): string | null =>
  runKey === null ? null : writer.runId(runKey)

const readError = (text: string | null): RunError | null => {
  const error = parsed<unknown>(text, unreadable("its stored text is not JSON"))
  if (error === null && text !== "null") return null
  return isRunError(error) ? error : unreadable("its stored text is no error")
}

const isRunError = (found: unknown): found is RunError =>
  typeof found === "object" &&
  found !== null &&
  "name" in found &&
  typeof found.name === "string" &&
  "message" in found &&
  typeof found.message === "string"

const unreadable = (message: string): RunError => ({ name: "Unreadable", message })

const parsed = <A>(text: string | null, damaged: A): A | null => {
  if (text === null) return null
  try {
    return JSON.parse(text) as A
  } catch {
    return damaged
  }
}
