/**
 * The Scope of an attempt: `Effect.scoped`, at a tenth of its cost where nothing is acquired, as in most attempts. The real scope is made
 * when it is first asked for anything.
 */
import { Effect, Scope } from "effect"
import type { Exit } from "effect"

export class AttemptScope {
  private real: Scope.CloseableScope | null = null
  /** What the attempt's Effect finds as its Scope. */
  readonly scope: Scope.Scope

  constructor() {
    const made = (): Scope.CloseableScope => (this.real ??= Effect.runSync(Scope.make()))
    this.scope = new Proxy({} as Scope.Scope, {
      get: (_, key) => Reflect.get(made(), key) as unknown,
      set: (_, key, value) => Reflect.set(made(), key, value),
      has: (_, key) => Reflect.has(made(), key)
    })
  }

  /** Releases what was acquired; `null`: nothing was. */
  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | null {
    return this.real === null ? null : Effect.uninterruptible(Scope.close(this.real, exit))
  }
}
