/** What a store that reads in slices does between two of them. Who asks may say it; the engine lets its own work go first. */
import { Effect, FiberRef } from "effect"

/** `null`: a turn of the event loop, as the store takes it. */
const asked: FiberRef.FiberRef<Effect.Effect<void> | null> = FiberRef.unsafeMake<Effect.Effect<void> | null>(null)

/** `read` with `turn` between its slices. */
export const withTurns = <A, E>(read: Effect.Effect<A, E>, turn: Effect.Effect<void>): Effect.Effect<A, E> =>
  Effect.locally(read, asked, turn)

/** To be taken between slices: what was asked for, or else `own`. */
export const sliceTurn = (own: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.flatMap(FiberRef.get(asked), (turn) => turn ?? own)
