/**
 * Runs what a task is made of, whatever that is: a plain value, a promise, an Effect, an Observable or XState actor logic.
 * The only file outside the engine that knows all three libraries, because a user's task may be written in any of them. It
 * decides nothing about outcomes, timeouts or slots.
 */
import type { Runtime } from "effect"
import { Effect, FiberId, Runtime as EffectRuntime } from "effect"
import type { Exit } from "effect"
import { isObservable } from "rxjs"
import type { Observable } from "rxjs"
import { createActor } from "xstate"
import type { AnyActorLogic, InspectionEvent } from "xstate"
import type { Timers } from "../time/timers.ts"
import { errorIn } from "./runError.ts"
import type { TaskContext } from "./taskContext.ts"

/** Stops what is under way. True when it has ended by that; false when its end comes later, through the taker. */
export type StopValue = () => boolean

/** Who takes what a task gives. Exactly one of `succeed` and `fail` is called, once; neither after a `stop` that gave true. */
export interface ValueTaker {
  /** True once the attempt was aborted: nothing new is begun for it. */
  readonly aborted: boolean
  succeed(value: unknown): void
  fail(error: unknown): void
  /** Says how to stop what is under way. A taker that is aborted by then stops it at once. */
  stoppable(stop: StopValue): void
}

/** What tasks run on. */
export interface TaskEnvironment {
  /** Runs Effects. */
  readonly runtime: Runtime.Runtime<never>
  /** The clock of actor logic. */
  readonly timers: Timers
  /** Is shown the actors of actor logic. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined
}

/**
 * Calls a handler, or runs what is given in its place, and hands the end to `taker`; that may be before it returns. Never
 * throws. An Effect is interrupted, an Observable unsubscribed and an actor stopped when `taker` asks; a promise cannot be.
 */
export const runHandler = (
  handler: object,
  context: TaskContext,
  taker: ValueTaker,
  environment: TaskEnvironment
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
  takeValue(value, context, taker, environment, true)
}

/** Whether a task may be made of this value: a function, an Effect, an Observable or actor logic. */
export const isHandler = (value: unknown): value is object =>
  typeof value === "function" ||
  (typeof value === "object" && value !== null && ["effect", "observable", "logic"].includes(kindOf(value)))

const takeValue = (
  value: unknown,
  context: TaskContext,
  taker: ValueTaker,
  environment: TaskEnvironment,
  mayWait: boolean
): void => {
  // Cheapest first: most tasks give nothing or a promise.
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    taker.succeed(value)
    return
  }
  const kind = kindOf(value)
  try {
    switch (kind) {
      case "promise":
        if (mayWait) awaitPromise(value as Promise<unknown>, context, taker, environment)
        else taker.succeed(value)
        return
      case "thenable":
        // `Promise.resolve` takes the thenable's word once, however often it calls back, and on another turn.
        if (mayWait) awaitPromise(Promise.resolve(value), context, taker, environment)
        else taker.succeed(value)
        return
      case "effect":
        runEffect(value as Effect.Effect<unknown, unknown>, taker, environment.runtime)
        return
      case "observable":
        observe(value as Observable<unknown>, taker)
        return
      case "logic":
        runLogic(value as AnyActorLogic, context, taker, environment)
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

const awaitPromise = (
  promise: Promise<unknown>,
  context: TaskContext,
  taker: ValueTaker,
  environment: TaskEnvironment
): void => {
  void promise.then(
    (value) => {
      // A value that still has to be run, from an aborted attempt, is not begun any more.
      if (taker.aborted) taker.succeed(undefined)
      else takeValue(value, context, taker, environment, false)
    },
    (error: unknown) => {
      taker.fail(error)
    }
  )
}

const runEffect = (
  effect: Effect.Effect<unknown, unknown>,
  taker: ValueTaker,
  runtime: Runtime.Runtime<never>
): void => {
  const fiber = EffectRuntime.runFork(runtime, effect)
  const exit = fiber.unsafePoll()
  if (exit !== null) {
    takeExit(exit, taker)
    return
  }
  fiber.addObserver((ended) => {
    takeExit(ended, taker)
  })
  taker.stoppable(() => {
    fiber.unsafeInterruptAsFork(FiberId.none)
    return false
  })
}

const takeExit = (exit: Exit.Exit<unknown, unknown>, taker: ValueTaker): void => {
  if (exit._tag === "Success") taker.succeed(exit.value)
  else taker.fail(errorIn(exit.cause))
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

const runLogic = (
  logic: AnyActorLogic,
  context: TaskContext,
  taker: ValueTaker,
  { timers, inspect }: TaskEnvironment
): void => {
  const clock = {
    setTimeout: (callback: () => void, delayMs: number): unknown => timers.after(delayMs, callback),
    clearTimeout: (cancel: unknown): void => {
      if (typeof cancel === "function") (cancel as () => void)()
    }
  }
  const actor = createActor(logic, {
    id: context.runId,
    input: context,
    clock,
    ...(inspect === undefined ? {} : { inspect })
  })
  const watch = actor.subscribe({
    error: (error: unknown) => {
      taker.fail(error)
    },
    // Comes too when an actor stops itself; it has no output then.
    complete: () => {
      taker.succeed((actor.getSnapshot() as { readonly output?: unknown }).output)
    }
  })
  actor.start()
  if ((actor.getSnapshot() as { readonly status: string }).status !== "active") return
  taker.stoppable(() => {
    // First, because stopping completes it.
    watch.unsubscribe()
    actor.stop()
    return true
  })
}
