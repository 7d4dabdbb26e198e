/** An Observable as Effect's Stream. Buffers without bound: what is slow loses nothing and holds up nobody. */
import { Effect, Stream } from "effect"
import type { Observable } from "rxjs"

/** Subscribes when the stream is run and unsubscribes when it is left. `E`: what the Observable is known to fail with. */
export const effectStream = <A, E = never>(observable: Observable<A>): Stream.Stream<A, E> =>
  Stream.asyncPush<A, E>((emit) =>
    Effect.acquireRelease(
      Effect.sync(() =>
        observable.subscribe({
          next: (value) => {
            emit.single(value)
          },
          error: (error: unknown) => {
            emit.fail(error as E)
          },
          complete: () => {
            emit.end()
          }
        })
      ),
      (subscription) => Effect.sync(() => subscription.unsubscribe())
    )
  )
