/** `scheduler.actor`: a scheduler's life to look at, and its verbs to send. */
import type { ActorRef } from "xstate"
import type { ActorGuards } from "../engine/inspection.ts"
import { checkKnownOptions } from "../engine/query/queryOptions.ts"
import type { SchedulerSnapshot, ShownScheduler } from "../engine/schedulerLife.ts"
import { ActorFace } from "../engine/actorFace.ts"
import type { ShutdownOptions } from "./verbOptions.ts"

/** What a scheduler's actor takes: the verbs of these names. */
export type SchedulerCommand =
  | {
      /** As `Scheduler.pause`. */
      readonly type: "pause"
    }
  | {
      /** As `Scheduler.resume`. */
      readonly type: "resume"
    }
  | SchedulerShutdownCommand

/** As `Scheduler.shutdown`, with its options. */
export interface SchedulerShutdownCommand extends ShutdownOptions {
  readonly type: "shutdown"
}

/** Emitted by a scheduler's actor: something it was sent came to nothing. */
export interface SchedulerRefused {
  readonly type: "refused"
  /** As it was sent. */
  readonly event: unknown
  /** The error's message. */
  readonly reason: string
  /** What the verb fails with, or `UnknownCommandError`. */
  readonly error: unknown
}

/**
 * The XState actor of a scheduler: new → starting → declaring → active ⇄ paused → draining → stopped, or degraded. It takes `pause`, `resume`
 * and `shutdown`, and emits `refused` for one that fails and for anything else. `start()` and `stop()` do nothing: the scheduler has verbs for that.
 */
export type SchedulerActor = ActorRef<SchedulerSnapshot, SchedulerCommand, SchedulerRefused>

/** What the commands do. */
interface SchedulerVerbs {
  pause(): void
  resume(): void
  shutdown(options: ShutdownOptions): Promise<void>
}

export const schedulerActor = (shown: ShownScheduler, verbs: SchedulerVerbs, guards: ActorGuards): SchedulerActor =>
  new ActorFace<SchedulerSnapshot, SchedulerCommand, SchedulerRefused>({
    shown,
    guards,
    commands: {
      pause: (event) => {
        checkKnownOptions("pause", event, ["type"])
        verbs.pause()
      },
      resume: (event) => {
        checkKnownOptions("resume", event, ["type"])
        verbs.resume()
      },
      shutdown: ({ type: _type, ...options }: { readonly type?: unknown }) => verbs.shutdown(options)
    },
    refused: (event, reason, error) => ({ type: "refused", event, reason, error })
  })
