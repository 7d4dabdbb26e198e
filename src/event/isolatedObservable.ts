/**
 * An Observable whose subscribers cannot hurt anyone: what a `next` throws, and an error that nobody handles, is reported.
 * RxJS itself throws both on a later turn, which ends the process.
 */
import { Observable, Subscriber } from "rxjs"
import type { Observer, Operator, Subscription, TeardownLogic } from "rxjs"

import { callBack } from "./callback.ts"

type Next<T> = ((value: T) => void) | null | undefined
type Callback = ((error: unknown) => void) | null | undefined

/** Through operators too: what `pipe` gives is isolated in the same way. */
export class IsolatedObservable<T> extends Observable<T> {
  readonly #report: (error: unknown) => void

  constructor(report: (error: unknown) => void, subscribe?: (subscriber: Subscriber<T>) => TeardownLogic) {
    super(subscribe)
    this.#report = report
  }

  /** RxJS builds every operator on this. */
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way to stay isolated through `pipe`
  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new IsolatedObservable<R>(this.#report)
    // RxJS has no other way in than these two fields, which it calls deprecated since they are its own.
    Object.assign(lifted, { source: this, operator })
    return lifted
  }

  override subscribe(observer?: Partial<Observer<T>>): Subscription
  override subscribe(next: (value: T) => void): Subscription
  override subscribe(next?: Next<T>, error?: Callback, complete?: (() => void) | null): Subscription
  override subscribe(
    first?: Partial<Observer<T>> | Next<T>,
    error?: Callback,
    complete?: (() => void) | null
  ): Subscription {
    // An operator's own subscriber passes everything on to the one at the end.
    // eslint-disable-next-line no-restricted-syntax -- this is how an Observable is made, nobody is subscribed here
    if (first instanceof Subscriber) return super.subscribe(first)
    const observer: Partial<Observer<T>> =
      typeof first === "object" && first !== null
        ? first
        : { ...(first ? { next: first } : {}), ...(error ? { error } : {}), ...(complete ? { complete } : {}) }
    // eslint-disable-next-line no-restricted-syntax -- as above
    return super.subscribe({
      next: (value) => this.#guarded(() => observer.next?.(value)),
      error: (failure: unknown) => {
        if (observer.error === undefined) this.#report(failure)
        else this.#guarded(() => observer.error?.(failure))
      },
      complete: () => this.#guarded(() => observer.complete?.())
    })
  }

  #guarded(call: () => unknown): void {
    callBack(call, this.#report)
  }
}
