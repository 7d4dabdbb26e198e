/**
 * Listing the memory store's jobs by filter. Where every job must be looked at, that goes in slices, with the turns in between that who
 * asks has asked for; who has asked for none has the answer at once.
 */
import { Effect, Option } from "effect"
import { withinBytes } from "../answerBytes.ts"
import type { InstantHeap } from "../../time/instantHeap.ts"
import { Nearest } from "../jobOrder.ts"
import type { JobFilter, JobRow } from "../jobStore.ts"
import type { MemoryTables } from "./tables.ts"
import { sliceTurn } from "../sliceTurn.ts"

/** What one slice looks at: jobs, and characters of the notes that are searched for a tag. Some milliseconds. */
const sliceRows = 2000
const sliceNotes = 500_000

/** Jobs that are not removed, by `filter`. */
export const listJobs = (tables: MemoryTables, filter: JobFilter): Effect.Effect<ReadonlyArray<JobRow>> =>
  Effect.map(findJobs(tables, filter), (found) =>
    withinBytes(stillMeeting(tables, filter, found), ({ args, notes }) => args.length + notes.length, filter.bytes)
  )

export const rowsOf = (tables: MemoryTables, keys: Iterable<number>): ReadonlyArray<JobRow> => {
  const rows: Array<JobRow> = []
  for (const key of keys) {
    const job = tables.jobs.get(key)
    if (job !== undefined) rows.push(job.row)
  }
  return rows
}

const findJobs = (tables: MemoryTables, filter: JobFilter): Effect.Effect<ReadonlyArray<JobRow>> => {
  const { states, fault, task, executor, tag, byWake = true, afterKey = -Infinity, limit = Infinity } = filter
  const meets = meeting(filter)
  if (!byWake) return firstOf(tables, afterKey, filter, meets, limit)
  if (fault === true) return Effect.sync(() => nearestOf(rowsOf(tables, tables.parked), meets, limit))
  const mostAreWanted = states === undefined || states.includes("scheduled")
  if (!mostAreWanted || fault !== undefined || task !== undefined || tag !== undefined) {
    const nearest = new Nearest<JobRow>(limit)
    const take = (row: JobRow): boolean => !meets(row) || nearest.add(row)
    return Effect.map(walk(tables, afterKey, filter, take), () => nearest.inOrder())
  }
  return Effect.suspend(() => {
    const orders = executor === undefined ? [...tables.wakes.values()] : [tables.wakes.get(executor)]
    const first = nearestOf(
      orders.flatMap((order) => earliestOf(tables, order, meets, limit)),
      meets,
      limit
    )
    if (first.length === limit) return Effect.succeed(first)
    const asleep = (row: JobRow): boolean => row.wakeAt === null && meets(row)
    const listed = new Set(first.map(({ key }) => key))
    // A job may have fallen asleep in between.
    return Effect.map(firstOf(tables, afterKey, filter, asleep, limit - first.length), (more) => [
      ...first,
      ...more.filter(({ key }) => !listed.has(key))
    ])
  })
}

const meeting = ({ states, fault, task, executor, tag, afterKey = -Infinity }: JobFilter) => {
  const carries = tag === undefined ? () => true : carrying(tag)
  return (row: JobRow): boolean =>
    row.removedAt === null &&
    row.key > afterKey &&
    (states === undefined || states.includes(row.value)) &&
    (fault === undefined || row.fault === fault) &&
    (task === undefined || row.task === task) &&
    (executor === undefined || row.executor === executor) &&
    carries(row.notes)
}

/** The rows as they are by now, without those that have ceased to meet the filter. */
const stillMeeting = (tables: MemoryTables, filter: JobFilter, found: ReadonlyArray<JobRow>): ReadonlyArray<JobRow> => {
  const meets = meeting(filter)
  return found.flatMap((row) => {
    const now = tables.jobs.get(row.key)?.row
    return now === row ? [row] : now !== undefined && meets(now) ? [now] : []
  })
}

/** Gives `take` the rows above `afterKey` that there are now, by key, until it answers false. */
const walk = (
  tables: MemoryTables,
  afterKey: number,
  { tag }: JobFilter,
  take: (row: JobRow) => boolean
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const endKey = tables.nextJobKey
    for (let last = afterKey, more = true; more;) {
      let [looked, searched] = [0, 0]
      more = false
      for (const row of tables.rowsAfter(last)) {
        if (row.key >= endKey) return
        more = looked === sliceRows || searched >= sliceNotes
        if (more) break
        last = row.key
        looked += 1
        if (tag !== undefined) searched += row.notes.length
        if (!take(row)) return
      }
      if (more) yield* sliceTurn(Effect.void)
    }
  })

/** Of one executor's jobs; looks at as many more each time as there are still wanted. */
const earliestOf = (
  tables: MemoryTables,
  order: InstantHeap | undefined,
  meets: (row: JobRow) => boolean,
  limit: number
): ReadonlyArray<JobRow> => {
  if (order === undefined) return []
  for (let looked = limit; ; looked *= 2) {
    const found = rowsOf(tables, order.through(Infinity, looked)).filter(meets)
    if (found.length >= limit || looked >= order.size) return found
  }
}

/** By key: in the order in which they were added. */
const firstOf = (
  tables: MemoryTables,
  afterKey: number,
  filter: JobFilter,
  meets: (row: JobRow) => boolean,
  limit: number
): Effect.Effect<ReadonlyArray<JobRow>> =>
  Effect.suspend(() => {
    const found: Array<JobRow> = []
    if (limit <= 0) return Effect.succeed(found)
    return Effect.as(
      walk(tables, afterKey, filter, (row) => !meets(row) || found.push(row) < limit),
      found
    )
  })

const nearestOf = (rows: Iterable<JobRow>, meets: (row: JobRow) => boolean, limit: number): ReadonlyArray<JobRow> => {
  const nearest = new Nearest<JobRow>(limit)
  for (const row of rows) if (meets(row)) nearest.add(row)
  return nearest.inOrder()
}

const parseJson = Option.liftThrowable((text: string): unknown => JSON.parse(text))

const carrying = (tag: string) => {
  // A text without it need not be read. Some write it with escapes of their own.
  const quoted = JSON.stringify(tag)
  return (notes: string): boolean =>
    (notes.includes(quoted) || notes.includes("\\")) &&
    Option.exists(parseJson(notes), (value) => {
      const tags = typeof value === "object" && value !== null && "tags" in value ? value.tags : undefined
      return Array.isArray(tags) && tags.includes(tag)
    })
}
