/** A store under faults: calls fail before or after they take effect, are slow, and end for good when their process dies. */
import { Duration, Effect, Exit, Scope } from "effect"
import type { JobStore, OpenStore, StoreBatch } from "../../src/store/jobStore.ts"
import type { StoreError } from "../../src/store/storeError.ts"
import { StoreUnavailable } from "../../src/store/storeError.ts"
import type { VirtualClock } from "../../src/testing.ts"
import type { FaultKind } from "./plan.ts"

/** What the world says of each call, and hears of each. */
export interface StoreWatch {
  /** Called before a call reaches the store; how it fails, or `null`. May end the process. */
  before(name: string): Exclude<FaultKind, "mixed"> | null
  /** The call has taken effect and is not answered yet. May end the process. */
  after(name: string): void
  committed(batch: StoreBatch): void
  /** How long a slow call takes. */
  readonly slowMs: number
}

export interface MortalStore {
  readonly store: JobStore
  /** The handle of the newest opening, past all faults. */
  readonly open: OpenStore | null
  /** Nothing that comes through this store takes effect any more; another owner may open the inner one. */
  die(): Promise<void>
  /** The same at once, for the middle of a call; `die` must follow. */
  cut(): void
  readonly dead: boolean
}

const verbs = ["commit", "committed", "due", "orphans", "checkpoints", "messages", "purge", "forgottenThrough"] as const
const questions = ["jobs", "countJobs", "runs", "ledger", "kept", "events"] as const

/** `Effect.never` keeps a process alive. */
const silence = Effect.async<never>(() => undefined)

export const mortalStore = (inner: JobStore, clock: VirtualClock, watch: StoreWatch): MortalStore => {
  const scope = Effect.runSync(Scope.make())
  const close = Effect.suspend(() => Scope.close(scope, Exit.void))
  let dead = false
  const isDead = (): boolean => dead
  let handle: OpenStore | null = null
  const through = <A, R>(name: string, call: Effect.Effect<A, StoreError, R>): Effect.Effect<A, StoreError, R> =>
    Effect.suspend(() => {
      if (isDead()) return silence
      const fault = watch.before(name)
      if (isDead()) return silence
      const unavailable = Effect.suspend(() =>
        Effect.fail(new StoreUnavailable({ store: "simulated", operation: name, cause: "injected" }))
      )
      if (fault === "before") return unavailable
      const done = Effect.flatMap(call, (answer) => {
        watch.after(name)
        return isDead() ? silence : fault === "after" ? unavailable : Effect.succeed(answer)
      })
      const waiting = Effect.suspend(() => (isDead() ? silence : done))
      return fault === "slow" ? Effect.zipRight(clock.sleep(Duration.millis(watch.slowMs)), waiting) : waiting
    })
  /** Each method keeps its own arguments and answer: `through` changes neither. */
  const ledThrough = <A extends object>(target: A, names: ReadonlyArray<string & keyof A>): A => {
    const calls = target as unknown as Readonly<
      Record<string, (...given: ReadonlyArray<unknown>) => Effect.Effect<unknown, StoreError>>
    >
    const led = names.map((name) => {
      const call = calls[name]
      if (call === undefined) throw new Error(`a store without ${name}`)
      return [name, (...given: ReadonlyArray<unknown>) => through(name, call.apply(target, [...given]))] as const
    })
    return Object.fromEntries(led) as unknown as A
  }
  const wrapped = (opened: OpenStore): OpenStore => {
    const { epoch, nextJobKey, nextRunKey, nextMessage, nextEvents, waiting, marks } = opened
    const owned = ledThrough(opened, verbs)
    const reads = ledThrough(opened.reads, questions)
    const commit: OpenStore["commit"] = (sequence, batch) =>
      through(
        "commit",
        Effect.tap(opened.commit(sequence, batch), (applied) => Effect.sync(() => applied && watch.committed(batch)))
      )
    return { ...owned, reads, commit, epoch, nextJobKey, nextRunKey, nextMessage, nextEvents, waiting, marks }
  }
  return {
    get open() {
      return handle
    },
    get dead() {
      return dead
    },
    store: {
      description: inner.description,
      open: (owner) =>
        through("open", Scope.extend(inner.open(owner), scope)).pipe(
          Effect.zipLeft(Effect.addFinalizer(() => close)),
          Effect.map((opened) => {
            handle = opened
            return wrapped(opened)
          })
        )
    },
    cut: () => {
      dead = true
    },
    die: async () => {
      dead = true
      await Effect.runPromise(close)
    }
  }
}

/** A store whose opening and closing take real time, as those of a file do. */
export interface SlowStore {
  readonly store: JobStore
  /** Resolves when none is under way: virtual time must not move on meanwhile. */
  idle(): Promise<void>
}

export const slowStore = (inner: JobStore): SlowStore => {
  let underWay = 0
  const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      underWay += 1
      return Effect.ensuring(
        effect,
        Effect.sync(() => {
          underWay -= 1
        })
      )
    })
  return {
    store: {
      description: inner.description,
      open: (owner) =>
        Effect.gen(function* () {
          const own = yield* Scope.make()
          yield* Effect.addFinalizer((exit) => timed(Scope.close(own, exit)))
          return yield* timed(Scope.extend(inner.open(owner), own))
        })
    },
    idle: async () => {
      do await new Promise((resolve) => setImmediate(resolve))
      while (underWay > 0)
    }
  }
}
