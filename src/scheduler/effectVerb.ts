/** A promise's verb as an Effect. */
import { Effect } from "effect"

/** A verb's rejection is the Effect's failure when it is a tagged error, `E` by what the verb promises; anything else is a bug and dies. */
export const attempt = <A, E>(verb: () => Promise<A>): Effect.Effect<A, E> =>
  Effect.catchAll(Effect.tryPromise({ try: verb, catch: (error) => error }), failOrDie<E>)

/** The same of a verb that answers at once. */
export const refusable = <A, E>(verb: () => A): Effect.Effect<A, E> =>
  Effect.catchAll(Effect.try({ try: verb, catch: (error) => error }), failOrDie<E>)

// A tag alone says little: Effect's own Causes and Exits have one too.
const failOrDie = <E>(error: unknown): Effect.Effect<never, E> =>
  error instanceof Error && "_tag" in error && typeof error._tag === "string"
    ? Effect.fail(error as E)
    : Effect.die(error)
