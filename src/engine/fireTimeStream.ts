/**
 * The streams that drive a scheduler: wake-ups at the store's earliest due time, and what the user's streams emit. Cold
 * inside, subscribed once by the engine; nothing here is needed after a restart.
 */
import { catchError, defer, EMPTY, filter, map, merge, retry, Subject, switchMap, throwError, timer } from "rxjs"
import type { SchedulerLike, Observable } from "rxjs"
import type { EpochMillis } from "../time/instant.ts"
import type { Timers } from "../time/timers.ts"
import { maxSleepMs } from "./clock.ts"

/** Time to ask a store what is due. */
export interface WakeUp {
  readonly type: "wakeUp"
  readonly lane: string
}

/** A registered stream gave a value. */
export interface Emission {
  readonly type: "emission"
  readonly stream: string
  readonly value: unknown
}

/** A registered stream ended with an error; it is subscribed to again. */
export interface StreamFailure {
  readonly type: "streamFailed"
  readonly stream: string
  readonly error: unknown
}

export type FireNews = WakeUp | Emission | StreamFailure

/** Wait before a failed stream is subscribed to again. */
const resubscribeMs = 1000

export class FireTimeStream {
  private readonly wanted = new Subject<{ readonly lane: string; readonly at: EpochMillis | null }>()
  private readonly timers: Timers
  private readonly scheduler: SchedulerLike

  constructor(timers: Timers, scheduler: SchedulerLike) {
    this.timers = timers
    this.scheduler = scheduler
  }

  /** Arms the lane's wake-up anew. `null`: only the regular look, once a minute. */
  wakeAt(lane: string, at: EpochMillis | null): void {
    this.wanted.next({ lane, at })
  }

  /** Wake-ups of one lane: never early, at most a minute apart, since clocks step and machines sleep. */
  wakeUps$(lane: string): Observable<WakeUp> {
    return this.wanted.pipe(
      filter((wish) => wish.lane === lane),
      switchMap(({ at }) => {
        const waitMs = at === null ? maxSleepMs : Math.min(Math.max(0, at - this.timers.now()), maxSleepMs)
        return timer(waitMs, this.scheduler)
      }),
      map(() => ({ type: "wakeUp", lane }) as const)
    )
  }

  /** Emissions of user streams. A stream that fails is reported and subscribed to again; one that completes is over. */
  emissions$(streams: ReadonlyMap<string, Observable<unknown>>): Observable<FireNews> {
    return merge(
      ...[...streams].map(([stream, values$]) => {
        const failures = new Subject<StreamFailure>()
        const emissions = defer(() => values$).pipe(
          map((value): FireNews => ({ type: "emission", stream, value })),
          catchError((error: unknown) => {
            failures.next({ type: "streamFailed", stream, error })
            return throwError(() => error)
          }),
          retry({ delay: () => timer(resubscribeMs, this.scheduler) }),
          catchError(() => EMPTY)
        )
        return merge(failures, emissions)
      })
    )
  }
}
