/** A resource that can be given up and acquired anew while the scope that it was made for is open. */
import { Effect, ExecutionStrategy, Exit, Scope } from "effect"

export interface Renewable<A, E> {
  /** `null` after a renewal that failed. */
  readonly current: A | null
  /** Releases what there is, then acquires anew. */
  readonly renew: Effect.Effect<A, E>
  /** Releases what there is. */
  readonly release: Effect.Effect<void>
}

/** Acquired now; what a failed try has acquired is released. */
export const renewable = <A, E>(
  acquire: Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<Renewable<A, E>, E, Scope.Scope> =>
  Effect.gen(function* () {
    const outer = yield* Effect.scope
    const held: { current: A | null; scope: Scope.CloseableScope | null } = { current: null, scope: null }
    const release = Effect.suspend(() => {
      const { scope } = held
      held.current = null
      held.scope = null
      return scope === null ? Effect.void : Scope.close(scope, Exit.void)
    }).pipe(Effect.uninterruptible)
    const renew = Effect.gen(function* () {
      yield* release
      const fresh = yield* Scope.fork(outer, ExecutionStrategy.sequential)
      const acquired = yield* Scope.extend(acquire, fresh).pipe(
        Effect.tapErrorCause(() => Scope.close(fresh, Exit.void))
      )
      held.scope = fresh
      held.current = acquired
      return acquired
    }).pipe(Effect.uninterruptible)
    yield* renew
    return {
      get current() {
        return held.current
      },
      renew,
      release
    }
  })
