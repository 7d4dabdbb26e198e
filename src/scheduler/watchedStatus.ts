/** A scheduler's status as an Observable: now, and when something of it has changed. Looked at once a second at the most, however much happens. */
import type { Observable } from "rxjs"
import type { Engine } from "../engine/engine.ts"
import { IsolatedObservable } from "../event/isolatedObservable.ts"
import type { CancelTimer } from "../time/timers.ts"
import type { SchedulerStatus } from "./status.ts"
import { statusOf } from "./status.ts"

/** Jobs are counted for it, and executors are busy: what lies between two looks nobody needs to see. */
const everyMs = 1_000

/** The last is that of the scheduler that has stopped; then it completes. */
export const watchedStatus = (engine: Engine): Observable<SchedulerStatus> => {
  const report = (error: unknown): void => engine.options.onError(error, "a subscriber of status$")
  return new IsolatedObservable<SchedulerStatus>(report, (subscriber) => {
    let [shown, looking, changed, ended] = ["", false, false, false]
    let cancel: CancelTimer | null = null

    const readAgain = async (): Promise<void> => {
      ;[looking, changed] = [true, false]
      const isLast = ended
      const status = await statusOf(engine)
      looking = false
      if (subscriber.closed) return
      const text = JSON.stringify(status)
      if (text !== shown) engine.options.within(() => subscriber.next(status))
      shown = text
      if (isLast) return subscriber.complete()
      if (ended) return begin()
      cancel = engine.timers.after(everyMs, () => {
        cancel = null
        if (changed) begin()
      })
    }
    const begin = (): void => {
      readAgain().catch((error: unknown) => subscriber.error(error))
    }
    const touched = (): void => {
      changed = true
      if (!looking && cancel === null) begin()
    }

    const unwatch = engine.watchers.watchStatus(touched)
    begin()
    const forget = engine.events.whenEnded(() => {
      ended = true
      cancel?.()
      if (!looking) begin()
    })
    return () => {
      unwatch()
      forget()
      cancel?.()
    }
  })
}
