/**
 * Runs XState actor logic for a task: its output is the task's result, its error the task's. A machine that is saved goes on from where
 * it was saved last, see `machineSteps.ts`.
 */
import { createActor } from "xstate"
import type { AnyActorLogic } from "xstate"
import type { Durability } from "./checkpoint.ts"
import { hasSteps } from "./checkpointOptions.ts"
import { MachineSteps } from "./machineSteps.ts"
import type { TaskContext } from "./taskContext.ts"
import type { TaskEnvironment, ValueTaker } from "./valueTaker.ts"

/** Throws what the logic throws before it has started, `CheckpointMisfitError` and `CheckpointLostError`. */
export const runLogic = (
  logic: AnyActorLogic,
  context: TaskContext,
  taker: ValueTaker,
  { timers, inspect }: TaskEnvironment,
  durability: Durability | null
): void => {
  const steps =
    durability !== null && hasSteps(logic)
      ? new MachineSteps(durability, timers, {
          refused: (error) => {
            halt()
            taker.fail(error)
          },
          waits: (until) => {
            halt()
            durability.wait(until)
          }
        })
      : null
  const clock = {
    setTimeout: (callback: () => void, delayMs: number): unknown => {
      if (steps?.muted === true) return undefined
      steps?.armed()
      return timers.after(delayMs, callback)
    },
    clearTimeout: (cancel: unknown): void => {
      if (typeof cancel === "function") (cancel as () => void)()
    }
  }
  const snapshot = steps?.snapshot()
  const actor = createActor(logic, {
    id: context.runId,
    input: context,
    clock,
    ...(snapshot === undefined ? {} : { snapshot: snapshot as never }),
    ...(inspect === undefined ? {} : { inspect })
  })
  steps?.watch(actor, snapshot)
  const watch = actor.subscribe({
    error: (error: unknown) => {
      steps?.end()
      taker.fail(error)
    },
    // Comes too when an actor stops itself; it has no output then.
    complete: () => {
      steps?.end()
      taker.succeed((actor.getSnapshot() as { readonly output?: unknown }).output)
    }
  })
  const halt = (): void => {
    steps?.end()
    // First, because stopping completes it.
    watch.unsubscribe()
    actor.stop()
  }
  actor.start()
  if ((actor.getSnapshot() as { readonly status: string }).status !== "active") return
  taker.stoppable(() => {
    halt()
    return true
  })
  if (steps !== null) durability?.listen((message) => steps.deliver(message))
}
