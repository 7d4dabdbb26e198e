/** An Observable as Effect's Stream. Buffers without bound: what is slow loses nothing and holds up nobody. */
import type { Scope } from "effect"
import { Effect, Exit, Mailbox, Stream } from "effect"
import type { Observable } from "rxjs"

/**
 * Subscribes at once, until the scope is closed: nothing is missed before the first pull. What one consumer takes no other sees.
 * `atEnd`: how the stream ends when the Observable completes. `E`: what both are known to fail with.
 */
export const subscribed = <A, E = never>(
  observable: Observable<A>,
  atEnd: () => Exit.Exit<void, E>
): Effect.Effect<Stream.Stream<A, E>, never, Scope.Scope> =>
  Effect.flatMap(Mailbox.make<A, E>(), (mailbox) =>
    Effect.acquireRelease(
      Effect.sync(() =>
        observable.subscribe({
          next: (value) => void mailbox.unsafeOffer(value),
          error: (error: unknown) => void mailbox.unsafeDone(Exit.fail(error as E)),
          complete: () => void mailbox.unsafeDone(atEnd())
        })
      ),
      (subscription) => Effect.andThen(mailbox.shutdown, () => subscription.unsubscribe())
    ).pipe(Effect.as(Mailbox.toStream(mailbox)))
  )

/** Subscribes each time that the stream is run, and unsubscribes when it is left. */
export const effectStream = <A, E = never>(
  observable: Observable<A>,
  atEnd: () => Exit.Exit<void, E>
): Stream.Stream<A, E> => Stream.unwrapScoped(subscribed(observable, atEnd))
