/**
 * The code of a defined job, as a layer above the scheduler. What the code requires is released before the scheduler is, so the code goes
 * first: nothing new is claimed for it, and what is under way ends, or is put off until the code is here again.
 */
import { Cause, Context, Effect, FiberId, Layer, Schema, Scope, Tracer } from "effect"
import type { Fiber } from "effect"
import { AttemptObserver } from "../task/attemptObserver.ts"
import { keepCause } from "../task/keptExit.ts"
import { RetryLater } from "../task/retryLater.ts"
import type { AnyTask } from "../task/task.ts"
import { task } from "../task/task.ts"
import { codeOf } from "../task/taskCode.ts"
import type { KeepFailure } from "../task/taskCode.ts"
import type { TaskContext } from "../task/taskContext.ts"
import type { DuplicateTaskError } from "../task/taskRegistry.ts"
import { attempt, refusable } from "./effectVerb.ts"
import type { JobParts } from "./jobParts.ts"
import { insideOf } from "./schedulerInside.ts"
import { Scheduler } from "./schedulerLayer.ts"

/** A handler's code: what it gives and fails with is kept by the job's schemas. */
export type JobHandler<Args, Success, Error, R> = (context: TaskContext<Args>) => Effect.Effect<Success, Error, R>

/** The layer of `Job.toLayer`. */
export const handlerLayer = <Args, Success, Error, R, E2, R2>(
  parts: JobParts<Args, Success, Error>,
  given: JobHandler<Args, Success, Error, R> | Effect.Effect<JobHandler<Args, Success, Error, R>, E2, R2>
): Layer.Layer<
  never,
  DuplicateTaskError | E2,
  Scheduler | Exclude<R, Scheduler | Scope.Scope> | Exclude<R2, Scope.Scope>
> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const { scheduler, deadlineMs } = yield* Effect.flatMap(Scheduler, insideOf)
      const handler = Effect.isEffect(given) ? yield* given : given
      const outer = ofLayer(yield* Effect.context<Exclude<R, Scheduler | Scope.Scope>>())
      const { definition } = parts
      const underWay = new AttemptsUnderWay()
      const encode = Schema.encodeUnknown(parts.success)
      const run = (about: TaskContext<Args>): Effect.Effect<unknown, Error> =>
        // A result that its own schema refuses is a bug of the handler.
        underWay.follow(
          provided(
            Effect.flatMap(Effect.scoped(handler(about)), (result) => Effect.orDie(encode(result))),
            outer
          )
        )
      const code = codeOf(definition, taskOf(definition, run), underWay.keep(keepCause(parts.error)))
      yield* refusable<void, DuplicateTaskError>(() => scheduler.defineTask(definition))
      yield* Effect.acquireRelease(
        attempt<void, DuplicateTaskError>(() => scheduler.addTask(code)),
        () =>
          Effect.andThen(
            Effect.sync(() => scheduler.withdrawTask(code)),
            underWay.end(deadlineMs ?? 30_000)
          )
      )
    })
  )

/** Without what is each attempt's own. */
const ofLayer = (context: Context.Context<never>): Context.Context<never> =>
  Context.omit(Scope.Scope, Tracer.ParentSpan, AttemptObserver)(context)

/** What the attempt has itself is the scheduler and the scope; the rest is the layer's. */
const provided = <A, E, R>(effect: Effect.Effect<A, E, R>, outer: Context.Context<never>): Effect.Effect<A, E> =>
  Effect.mapInputContext(effect, (own: Context.Context<never>) => Context.merge(own, outer) as Context.Context<R>)

const taskOf = <Args>(
  { name, options: { args } }: AnyTask,
  run: (about: TaskContext<Args>) => Effect.Effect<unknown, unknown>
): AnyTask =>
  args === undefined
    ? task(name, run)
    : // The schema is that of `Args`.
      task(name, run as (about: TaskContext) => Effect.Effect<unknown, unknown>, { args })

/** How long finalizers have when the deadline has passed. */
const unansweredMs = 5_000

/** The attempts that run a handler's code. */
class AttemptsUnderWay {
  private readonly fibers = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  private over = false
  private readonly waiting: Array<() => void> = []

  follow<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.withFiberRuntime<A, E, R>((fiber) => {
      // Claimed before the code was taken out, and begun since.
      if (this.over) return Effect.interrupt
      this.fibers.add(fiber)
      fiber.addObserver(() => {
        this.fibers.delete(fiber)
        if (this.fibers.size === 0) for (const resume of this.waiting.splice(0)) resume()
      })
      return effect
    })
  }

  /** What was interrupted since the code goes is put off: somebody who has it makes the next attempt. */
  keep(keep: KeepFailure): KeepFailure {
    return (cause) =>
      this.over && Cause.isInterruptedOnly(cause)
        ? { error: new RetryLater({ after: 0, counts: false, reason: "the layer of its code was released" }) }
        : keep(cause)
  }

  /** Waits for them, and interrupts those that are left after `deadlineMs`. */
  end(deadlineMs: number): Effect.Effect<void> {
    const interrupted = Effect.suspend(() => {
      this.over = true
      for (const fiber of this.fibers) fiber.unsafeInterruptAsFork(FiberId.none)
      return Effect.timeoutOption(this.idle, unansweredMs)
    })
    // Without a deadline nothing waits for a clock, which a test may no longer move.
    const ended = deadlineMs > 0 ? Effect.timeoutOption(this.idle, deadlineMs) : Effect.void
    return ended.pipe(Effect.andThen(interrupted), Effect.asVoid, Effect.interruptible)
  }

  private readonly idle = Effect.async<void>((resume) => {
    if (this.fibers.size === 0) resume(Effect.void)
    else this.waiting.push(() => resume(Effect.void))
  })
}
