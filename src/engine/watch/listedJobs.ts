/** The jobs that a query gives, kept up with every commit. */
import type { Observable } from "rxjs"
import { wakeAtOf } from "../../job/snapshot.ts"
import { textOrder, wakeOrder } from "../../store/jobOrder.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Engine } from "../engine.ts"
import type { Job } from "../job/jobCodec.ts"
import { readNotes } from "../job/jobNotes.ts"
import type { JobRecord } from "../job/jobRecord.ts"
import { recordOf, recordOfRow } from "../job/jobRecord.ts"
import { inTurns } from "../query/jobQueries.ts"
import type { JobQuery } from "../query/queries.ts"
import { jobFilter, jobQueryFields } from "../query/queries.ts"
import { checkKnownOptions, listOf, readLimit } from "../query/queryOptions.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import type { Line, ListSource } from "./watchedList.ts"
import { watchedList } from "./watchedList.ts"

/** Shown where a query names no limit. */
const defaultLimit = 1_000

interface JobLine extends Line<JobRecord> {
  readonly jobKey: number
  readonly wakeAt: EpochMillis | null
}

/** In the order of `getJobs`. Fails with `InvalidOptionError`. */
export const listedJobs = (engine: Engine, query: JobQuery): Observable<ReadonlyArray<JobRecord>> =>
  watchedList(engine, "jobs$", () => sourceOf(engine, query))

const sourceOf = (engine: Engine, query: JobQuery): ListSource<JobLine> => {
  checkKnownOptions("jobs$", query, [...jobQueryFields, "limit"])
  const { codec, streams, questions } = engine
  const belongs = matcher(query)
  return {
    verb: "jobs$",
    store: query.store,
    limit: readLimit(query.limit, defaultLimit),
    order: (a, b) => wakeOrder(placeOf(a), placeOf(b)) || textOrder(a.store, b.store),
    read: async (writer, limit) => {
      const { name } = writer
      const lines: Array<JobLine> = []
      await questions.ask("jobs$", async (question) => {
        const rows = await question.read(writer.store.reads.jobs({ ...jobFilter(query), limit }))
        await inTurns(
          question,
          lines,
          rows,
          ({ args, notes }) => args.length + notes.length,
          (row) => ({
            ...{ key: keyOf(writer, row.key), store: name, jobKey: row.key, wakeAt: row.wakeAt },
            item: recordOfRow(row, name, codec, streams)
          })
        )
      })
      return lines
    },
    *changes(writer, unit) {
      for (const job of unit.changed()) {
        const { name } = writer
        const key = keyOf(writer, job.key)
        const wakeAt = wakeAtOf(job.memory, job.rules, job.trigger.after === "run")
        const line = { key, store: name, jobKey: job.key, wakeAt }
        yield { key, line: belongs(job) ? { ...line, item: recordOf(job, name, streams) } : null }
      }
    },
    asked: () => undefined,
    overflowed: false,
    answered: () => [],
    mayBeForgotten: ({ item }) => item.state === "done",
    ofStream: (line, stream) =>
      line.item.stream?.name === stream ? { ...line, item: { ...line.item, stream: streams.status(stream) } } : null
  }
}

/** Whether a job is one of those that the query is for. */
const matcher = ({ state, fault, task, executor, tag }: JobQuery): ((job: Job) => boolean) => {
  const states = state === undefined ? null : new Set(listOf(state))
  return ({ row, value, memory, removedAt }) =>
    removedAt === null &&
    (states === null || states.has(value)) &&
    (fault === undefined || (memory.fault !== null) === fault) &&
    (task === undefined || row.task === task) &&
    (executor === undefined || row.executor === executor) &&
    (tag === undefined || readNotes(row).tags?.includes(tag) === true)
}

const keyOf = ({ name }: StoreWriter, key: number): string => `${key}/${name}`

const placeOf = ({ jobKey, wakeAt }: JobLine): { readonly key: number; readonly wakeAt: EpochMillis | null } => ({
  key: jobKey,
  wakeAt
})
