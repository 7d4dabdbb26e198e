/**
 * The streams that drive a scheduler: wake-ups at the store's earliest due time, and what the user's streams emit. Cold
 * inside, subscribed once by the engine; nothing here is needed after a restart.
 */
import {
  catchError,
  defer,
  EMPTY,
  filter,
  map,
  merge,
  NEVER,
  Observable,
  retry,
  Subject,
  switchMap,
  throwError,
  timer
} from "rxjs"
import type { SchedulerLike } from "rxjs"
import type { EpochMillis } from "../time/instant.ts"
import type { WallTimers } from "./clock.ts"
import { maxSleepMs } from "./clock.ts"

/** Time to ask a store what is due. */
export interface WakeUp {
  readonly type: "wakeUp"
  readonly writer: string
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

export type StreamSignal = WakeUp | Emission | StreamFailure

/** Wait before a failed stream is subscribed to again. */
const resubscribeMs = 1000

interface Wish {
  readonly writer: string
  readonly at: EpochMillis | null
  readonly withinMs: number | null
}

export class FireTimeStream {
  private readonly wanted = new Subject<Wish>()
  private readonly timers: WallTimers
  private readonly scheduler: SchedulerLike

  constructor(timers: WallTimers, scheduler: SchedulerLike) {
    this.timers = timers
    this.scheduler = scheduler
  }

  /** Arms the writer's wake-up anew, at `at` or never. `withinMs`: within so many milliseconds in any case, at most a minute. */
  wakeAt(writer: string, at: EpochMillis | null, withinMs: number | null): void {
    this.wanted.next({ writer, at, withinMs })
  }

  /** Wake-ups of one writer: never early, and after a step of the clock or a sleep of the machine within a minute. */
  wakeUps$(writer: string): Observable<WakeUp> {
    return this.wanted.pipe(
      filter((wish) => wish.writer === writer),
      switchMap(({ at, withinMs: withinMs }) => {
        if (withinMs !== null) {
          const dueMs = at === null ? Infinity : Math.max(0, at - this.timers.now())
          return timer(Math.min(dueMs, withinMs, maxSleepMs), this.scheduler)
        }
        return at === null ? NEVER : this.shows$(at)
      }),
      map(() => ({ type: "wakeUp", writer }) as const)
    )
  }

  /** Emits once, when the wall clock shows `at`, or is set back: what was waited for may be of a wrong clock. */
  private shows$(at: EpochMillis): Observable<void> {
    return new Observable((subscriber) => {
      const emit = (): void => subscriber.next()
      return this.timers.at(at, emit, emit)
    })
  }

  /** Emissions of user streams. A stream that fails is reported and subscribed to again; one that completes is over. */
  emissions$(streams: ReadonlyMap<string, Observable<unknown>>): Observable<StreamSignal> {
    return merge(
      ...[...streams].map(([stream, values$]) => {
        const failures = new Subject<StreamFailure>()
        const emissions = defer(() => values$).pipe(
          map((value): StreamSignal => ({ type: "emission", stream, value })),
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
