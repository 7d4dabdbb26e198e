/** An Effect program with a scheduler on a virtual clock. */
import type { AnyTask } from "carillon"
import { Scheduler } from "carillon/effect"
import type { LayerOptions } from "carillon/effect"
import { virtualClock, VirtualClock } from "carillon/testing"
import type { Duration } from "effect"
import { Cause, Effect, HashMap, Logger } from "effect"

/** A Monday, nine o'clock: where the clock begins. */
export const start = Date.UTC(2026, 0, 5, 9)

/** Runs `use` with a scheduler on a virtual clock that surrounds both. */
export const run = <T extends AnyTask<unknown> = never, A = void, E = never>(
  options: LayerOptions<T>,
  use: (scheduler: Scheduler["Type"]) => Effect.Effect<A, E>
) =>
  Effect.suspend(() =>
    Effect.flatMap(Scheduler, use).pipe(Effect.provide(Scheduler.layer(options)), Effect.withClock(virtualClock(start)))
  )

/** Moves the surrounding virtual clock. */
export const advance = (duration: Duration.DurationInput) =>
  Effect.flatMap(Effect.clock, (clock) =>
    clock instanceof VirtualClock ? Effect.promise(() => clock.advance(duration)) : Effect.die("not a virtual clock")
  )

/** What was logged. */
export interface LogLine {
  readonly message: string
  readonly level: string
  readonly annotations: Readonly<Record<string, unknown>>
  readonly cause: string
}

/** A logger that keeps what it is given. */
export const keepingLog = (lines: Array<LogLine>) =>
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message, logLevel, annotations, cause }) => {
      const text = Array.isArray(message) ? message.join(" ") : String(message)
      const of = Object.fromEntries(HashMap.toEntries(annotations))
      lines.push({
        message: text,
        level: logLevel.label,
        annotations: of,
        cause: Cause.isEmpty(cause) ? "" : Cause.pretty(cause)
      })
    })
  )
