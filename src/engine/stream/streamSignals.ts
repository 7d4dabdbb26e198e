/** What the user's streams give, as one stream. Cold inside, subscribed once by the engine; nothing here is needed after a restart. */
import { catchError, defer, EMPTY, map, merge, retry, Subject, throwError, timer } from "rxjs"
import type { Observable, SchedulerLike } from "rxjs"

/** A registered stream gave a value. */
interface Emission {
  readonly type: "emission"
  readonly stream: string
  readonly value: unknown
}

/** A registered stream ended with an error; it is subscribed to again. */
interface StreamFailure {
  readonly type: "streamFailed"
  readonly stream: string
  readonly error: unknown
}

export type StreamSignal = Emission | StreamFailure

/** Wait before a failed stream is subscribed to again. */
const resubscribeMs = 1000

/** A stream that fails is reported and subscribed to again; one that completes is over. */
export const signalsOf$ = (
  streams: ReadonlyMap<string, Observable<unknown>>,
  scheduler: SchedulerLike
): Observable<StreamSignal> =>
  merge(
    ...[...streams].map(([stream, values$]) => {
      const failures = new Subject<StreamFailure>()
      const emissions = defer(() => values$).pipe(
        map((value): StreamSignal => ({ type: "emission", stream, value })),
        catchError((error: unknown) => {
          failures.next({ type: "streamFailed", stream, error })
          return throwError(() => error)
        }),
        retry({ delay: () => timer(resubscribeMs, scheduler) }),
        catchError(() => EMPTY)
      )
      return merge(failures, emissions)
    })
  )
