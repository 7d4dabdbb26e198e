/** Why a due fire time has not been served yet, in words that follow a colon. */
import type { JobRow } from "../../store/jobStore.ts"
import type { Engine } from "../engine.ts"
import { JobUnreadableError } from "../job/jobCodec.ts"
import type { JobRecord } from "../job/jobRecord.ts"
import { missingPartOf } from "../job/missingPart.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import { remedyOf } from "../writer/unclaimedJobs.ts"

export type Missing = NonNullable<ReturnType<typeof missingPartOf>>

/** What the job needs and this process does not have; `null`: nothing, or its row cannot be read, which its record says. */
export const missingFor = (engine: Engine, row: JobRow): Missing | null => {
  try {
    return missingPartOf(engine.codec.decode(row), engine.environment)
  } catch (error) {
    if (error instanceof JobUnreadableError) return null
    throw error
  }
}

export const missingText = ({ missing, name }: Missing): string =>
  `${missing} "${name}" is not registered here; the job goes on when it is, ${remedyOf(missing)}`

export const whyWaiting = (
  { life, dispatcher }: Engine,
  writer: StoreWriter,
  record: JobRecord,
  missing: Missing | null
): string => {
  const state = life.now.value
  if (writer.lost) return `store "${writer.name}" does not answer`
  if (state !== "active" && state !== "degraded") return `the scheduler is ${state}`
  if (missing !== null) return missingText(missing)
  if (record.queued > 0) return `${record.queued} earlier fire times wait for a free instance`
  if (dispatcher.free(record.executor) === 0) return `executor "${record.executor}" is full`
  return "it is about to be"
}
