/** A job's record as an Observable: now, and after every commit that changes the job. */
import type { Observable } from "rxjs"
import { IsolatedObservable } from "../../event/isolatedObservable.ts"
import type { Engine } from "../engine.ts"
import type { JobRecord } from "../job/jobRecord.ts"
import { recordOf } from "../job/jobRecord.ts"
import type { JobQueries } from "./jobQueries.ts"

/** Completes when the job is removed or the scheduler stops. Fails with what `mustFind` rejects with. */
export const watchedJob = (engine: Engine, queries: JobQueries, id: string): Observable<JobRecord> => {
  const report = (error: unknown): void => engine.options.onError(error, `a subscriber of job$("${id}")`)
  return new IsolatedObservable<JobRecord>(report, (subscriber) => {
    // What is found is older than a change that was heard of meanwhile.
    let changed = false
    const unwatch = engine.watchers.add((job, writer) => {
      if (job.row.id !== id) return
      changed = true
      subscriber.next(recordOf(job, writer.name, engine.streams))
      if (job.removedAt !== null) subscriber.complete()
    })
    const forget = engine.events.whenEnded(() => subscriber.complete())
    queries.mustFind(id, "job$").then(
      ({ record }) => {
        if (!changed) subscriber.next(record)
      },
      (error: unknown) => subscriber.error(error)
    )
    return () => {
      unwatch()
      forget()
    }
  })
}
