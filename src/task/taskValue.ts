/**
 * Runs what a task is made of, whatever that is: a plain value, a promise, an Effect, an Observable or XState actor logic.
 * The only file outside the engine that knows Effect and RxJS, because a user's task may be written in any of them; XState is met in
 * `actorLogic.ts`. It decides nothing about outcomes, timeouts or slots.
 */
import { Context, Effect, Exit, FiberId, Option, Runtime as EffectRuntime, Scope } from "effect"
import type { Fiber } from "effect"
import { isObservable } from "rxjs"
import type { Observable } from "rxjs"
import type { AnyActorLogic } from "xstate"
import { runLogic } from "./actorLogic.ts"
import type { EffectAttempt } from "./attemptObserver.ts"
import { AttemptObserver } from "./attemptObserver.ts"
import { AttemptScope } from "./attemptScope.ts"
import type { Durability } from "./checkpoint.ts"
import { errorIn } from "./runError.ts"
import type { TaskContext } from "./taskContext.ts"
import { keeperOf } from "./taskCode.ts"
import type { KeepFailure } from "./taskCode.ts"
import type { TaskEnvironment, ValueTaker } from "./valueTaker.ts"

export type { StopValue, TaskEnvironment, ValueTaker } from "./valueTaker.ts"

/**
 * Calls a handler, or runs what is given in its place, and hands the end to `taker`; that may be before it returns. Never
 * throws. An Effect is interrupted, an Observable unsubscribed and an actor stopped when `taker` asks; a promise cannot be. An Effect
 * has a Scope of its own, closed before its end is told.
 */
export const runHandler = (
  handler: object,
  context: TaskContext,
  taker: ValueTaker,
  environment: TaskEnvironment,
  durability: Durability | null = null
): void => {
  let value: unknown = handler
  if (typeof handler === "function" && !Effect.isEffect(handler)) {
    try {
      value = (handler as (context: TaskContext) => unknown)(context)
    } catch (error) {
      taker.fail(error)
      return
    }
  }
  takeValue(value, { context, taker, environment, durability, handler }, true)
}

/** Whether a task may be made of this value: a function, an Effect, an Observable or actor logic. */
export const isHandler = (value: unknown): value is object =>
  typeof value === "function" ||
  (typeof value === "object" && value !== null && ["effect", "observable", "logic"].includes(kindOf(value)))

/** What a value is taken for. */
interface Taking {
  readonly context: TaskContext
  readonly taker: ValueTaker
  readonly environment: TaskEnvironment
  readonly durability: Durability | null
  readonly handler: object
}

const takeValue = (value: unknown, taking: Taking, mayWait: boolean): void => {
  const { taker, environment } = taking
  // Cheapest first: most tasks give nothing or a promise.
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    taker.succeed(value)
    return
  }
  const kind = kindOf(value)
  try {
    switch (kind) {
      case "promise":
        if (mayWait) awaitPromise(value as Promise<unknown>, taking)
        else taker.succeed(value)
        return
      case "thenable":
        // `Promise.resolve` takes the thenable's word once, however often it calls back, and on another turn.
        if (mayWait) awaitPromise(Promise.resolve(value), taking)
        else taker.succeed(value)
        return
      case "effect":
        runEffect(value as Effect.Effect<unknown, unknown>, taking)
        return
      case "observable":
        observe(value as Observable<unknown>, taker)
        return
      case "logic":
        runLogic(value as AnyActorLogic, taking.context, taker, environment, taking.durability)
        return
      case "plain":
        taker.succeed(value)
    }
  } catch (error) {
    // An overridden `then` or `subscribe`, or logic whose first snapshot throws.
    taker.fail(error)
  }
}

type Kind = "promise" | "thenable" | "effect" | "observable" | "logic" | "plain"

// Never throws: a value that cannot be looked at is plain, and its run has succeeded.
const kindOf = (value: object): Kind => {
  try {
    if (value instanceof Promise) return "promise"
    if (Effect.isEffect(value)) return "effect"
    if (typeof (value as { readonly then?: unknown }).then === "function") return "thenable"
    if (typeof value === "function") return "plain"
    if (isObservable(value)) return "observable"
    return isActorLogic(value) ? "logic" : "plain"
  } catch {
    return "plain"
  }
}

const isActorLogic = (value: { readonly transition?: unknown; readonly getInitialSnapshot?: unknown }): boolean =>
  typeof value.transition === "function" && typeof value.getInitialSnapshot === "function"

const awaitPromise = (promise: Promise<unknown>, taking: Taking): void => {
  const { taker } = taking
  void promise.then(
    (value) => {
      // A value that still has to be run, from an aborted attempt, is not begun any more.
      if (taker.aborted) taker.succeed(undefined)
      else takeValue(value, taking, false)
    },
    (error: unknown) => {
      taker.fail(error)
    }
  )
}

const runEffect = (effect: Effect.Effect<unknown, unknown>, taking: Taking): void => {
  const { taker, handler } = taking
  const { around, runtime } = observed(effect, taking)
  const own = new AttemptScope()
  const fiber = EffectRuntime.runFork(EffectRuntime.updateContext(runtime, Context.add(Scope.Scope, own.scope)), around)
  const end = { told: false }
  const tell = (exit: Exit.Exit<unknown, unknown>): void => {
    end.told = true
    takeExit(exit, taker, keeperOf(handler))
  }
  whenEnded(fiber, (exit) => {
    const closing = own.close(exit)
    if (closing === null) tell(exit)
    else whenEnded(EffectRuntime.runFork(runtime, closing), (closed) => tell(Exit.zipLeft(exit, closed)))
  })
  if (end.told) return
  // What it acquired may still be being released; then its end is all that there is to wait for.
  taker.stoppable(() => {
    fiber.unsafeInterruptAsFork(FiberId.none)
    return false
  })
}

interface Observed {
  readonly around: Effect.Effect<unknown, unknown>
  readonly runtime: EffectRuntime.Runtime<never>
}

const observed = (effect: Effect.Effect<unknown, unknown>, taking: Taking): Observed => {
  const { runtime } = taking.environment
  const found = Context.getOption(runtime.context as Context.Context<AttemptObserver>, AttemptObserver)
  if (Option.isNone(found)) return { around: effect, runtime }
  const observer = found.value
  const attempt = observedAttempt(taking)
  taking.taker.whenTold?.((outcome) => observer.ended(outcome, attempt))
  return { around: observer.around(effect, attempt), runtime: observer.runtimeOf(runtime, attempt) }
}

const observedAttempt = ({ context, taker, environment }: Taking): EffectAttempt => ({
  jobId: context.jobId,
  runId: context.runId,
  fireAt: context.fireAt,
  attempt: context.attempt,
  task: taker.task,
  caller: taker.caller,
  startedAt: environment.timers.now()
})

/** Calls back at once when it has ended already. */
const whenEnded = <A, E>(fiber: Fiber.RuntimeFiber<A, E>, ended: (exit: Exit.Exit<A, E>) => void): void => {
  const exit = fiber.unsafePoll()
  if (exit === null) fiber.addObserver(ended)
  else ended(exit)
}

const takeExit = (
  exit: Exit.Exit<unknown, unknown>,
  taker: ValueTaker,
  keep: KeepFailure = (cause) => ({ error: errorIn(cause) })
): void => {
  if (exit._tag === "Success") return taker.succeed(exit.value)
  const { error, cause } = keep(exit.cause)
  taker.fail(error, cause)
}

const observe = (values: Observable<unknown>, taker: ValueTaker): void => {
  let last: unknown
  const subscription = values.subscribe({
    next: (value) => {
      last = value
    },
    error: (error: unknown) => {
      taker.fail(error)
    },
    complete: () => {
      taker.succeed(last)
    }
  })
  if (subscription.closed) return
  taker.stoppable(() => {
    subscription.unsubscribe()
    return true
  })
}
