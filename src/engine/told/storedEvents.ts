/** Events as they were told, made again from what is stored: the text of a commit, and the rows of the runs that it names. */
import type { EventBody } from "../../event/schedulerEvent.ts"
import { schedulerEventTypes } from "../../event/schedulerEvent.ts"
import type { RunRow } from "../../store/jobStore.ts"
import { runRecord } from "../query/runRecord.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import { placeOfRun } from "../writer/runKeys.ts"
import { jobLetters, stretchKinds } from "./eventsText.ts"

/** One event of a commit, before the rows that it needs are read. */
export type ToldItem =
  | { readonly kind: "claim" | "end" | "done"; readonly runKey: number }
  | { readonly kind: "event"; readonly body: EventBody }
  | { readonly kind: "unreadable" }

/** More than one commit has. */
const mostOfStretch = 1_000_000

/** What a commit told, in order, and the era of its owner. */
export interface Told {
  readonly era: string
  readonly items: ReadonlyArray<ToldItem>
}

/** `null`: nobody can read what it told. */
export const readTold = (text: string): Told | null => {
  let items: unknown
  try {
    items = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(items)) return null
  const [era, ...told] = items as ReadonlyArray<unknown>
  return typeof era === "string" ? { era, items: told.flatMap(itemsOf) } : null
}

const itemsOf = (item: unknown): ReadonlyArray<ToldItem> => {
  if (Array.isArray(item)) return stretch(item)
  if (typeof item === "string") {
    const type = lettersOf.get(item.charAt(0))
    return [type === undefined ? { kind: "unreadable" } : { kind: "event", body: { type, jobId: item.slice(1) } }]
  }
  return [isBody(item) ? { kind: "event", body: item } : { kind: "unreadable" }]
}

const stretch = ([kind, first, count = 1]: ReadonlyArray<unknown>): ReadonlyArray<ToldItem> => {
  const kinds = kindsOf.get(kind)
  if (kinds === undefined || !Number.isSafeInteger(first) || !Number.isSafeInteger(count))
    return [{ kind: "unreadable" }]
  const items: Array<ToldItem> = []
  for (let at = 0; at < Math.min(Number(count), mostOfStretch); at++)
    for (const kind of kinds) items.push({ kind, runKey: Number(first) + at })
  return items
}

const kindsOf = new Map<unknown, ReadonlyArray<"claim" | "end" | "done">>([
  [stretchKinds.claims, ["claim"]],
  [stretchKinds.ends, ["end"]],
  [stretchKinds.lastEnds, ["end", "done"]]
])

const lettersOf = new Map(
  Object.entries(jobLetters).map(([type, letter]) => [letter as string, type as keyof typeof jobLetters])
)

const isBody = (item: unknown): item is EventBody =>
  typeof item === "object" &&
  item !== null &&
  "type" in item &&
  typeof item.type === "string" &&
  schedulerEventTypes.has(item.type)

/** The run's key, where its row is needed. */
export const runKeyOf = (item: ToldItem): number | null => ("runKey" in item ? item.runKey : null)

/** The event as it was told; `null`: what it is made of is gone, or cannot be read. */
export const eventOf = (item: ToldItem, writer: StoreWriter, rows: ReadonlyMap<number, RunRow>): EventBody | null => {
  if (item.kind === "unreadable") return null
  if (item.kind === "event") return named(item.body, writer)
  const row = rows.get(item.runKey)
  if (row === undefined) return null
  const { jobId } = row
  if (item.kind === "done") return { type: "JobDone", jobId }
  const stamp = { jobId, runId: writer.runId(row.runKey), fireAt: row.fireAt }
  if (item.kind === "claim") return { type: "RunClaimed", ...stamp, attempt: 1 }
  const { startedAt, finishedAt, attempt, outcome, result, error } = runRecord(writer, row)
  if (finishedAt === null || outcome === null) return null
  const end = { ...stamp, attempt, startedAt, finishedAt, final: true, retryAt: null }
  if (outcome === "succeeded") return { type: "RunSucceeded", ...end, result }
  return { type: unsuccessful[outcome], ...end, error }
}

const unsuccessful = {
  failed: "RunFailed",
  timedOut: "RunTimedOut",
  cancelled: "RunCancelled",
  interrupted: "RunInterrupted"
} as const

/** What runs are called depends on what the store is called now. */
const named = (body: EventBody, writer: StoreWriter): EventBody => {
  const nameOf = (runId: string): string => {
    const place = placeOfRun(runId)
    return place === null ? runId : writer.runId(place.runKey)
  }
  if ("into" in body) return { ...body, into: nameOf(body.into) }
  return "runId" in body ? { ...body, runId: nameOf(body.runId) } : body
}
