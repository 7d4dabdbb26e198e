/** The executors' actors: what each has in flight, for whoever looks. */
import { createActor } from "xstate"
import type { ActorRefFrom, AnyActorRef } from "xstate"
import type { ExecutorEvent } from "../../machines/executorMachine.ts"
import { executorMachine } from "../../machines/executorMachine.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { ClosedActor } from "./closedActor.ts"
import { closedActor } from "./closedActor.ts"
import type { Dispatcher } from "./dispatcher.ts"
import type { ActorGuards } from "./inspection.ts"

type ShownExecutor = ClosedActor<ActorRefFrom<typeof executorMachine>, ExecutorEvent>

export class ExecutorActors {
  private readonly actors = new Map<string, ShownExecutor>()
  private readonly parent: AnyActorRef
  private readonly dispatcher: Dispatcher
  private readonly guards: ActorGuards

  constructor(parent: AnyActorRef, dispatcher: Dispatcher, guards: ActorGuards) {
    this.parent = parent
    this.dispatcher = dispatcher
    this.guards = guards
  }

  open(name: string, { concurrency, queue }: ExecutorProvider): void {
    const input = { concurrency, queue }
    try {
      const actor = createActor(executorMachine, { parent: this.parent, id: `executor:${name}`, input })
      const shown: ShownExecutor = closedActor(actor, this.guards)
      this.actors.set(name, shown)
      shown.start()
    } catch (error) {
      // An observer of the program's system may throw while an actor is made.
      this.guards.onError(error, `an observer of actor "executor:${name}"`)
    }
  }

  /** Brings the actors up to date: in batches, since an event a run would cost more than the run. */
  showLoad(): void {
    for (const [name, status] of this.dispatcher.status()) {
      const shown = this.actors.get(name)
      if (shown === undefined) continue
      const { status: life, context } = shown.actor.getSnapshot()
      // One that was idle when it was told to drain has stopped.
      if (life !== "active") continue
      const known = context.inFlight
      const actual = Math.min(status.running + status.queued, status.concurrency + status.queue)
      if (actual > known) shown.tell({ type: "submitted", count: actual - known })
      else if (actual < known) shown.tell({ type: "settled", count: known - actual })
    }
  }

  /** They take nothing more; what is in flight is shown until it has ended. */
  drain(): void {
    this.showLoad()
    for (const shown of this.actors.values()) shown.tell({ type: "drain" })
  }

  /** Its runs have been interrupted. */
  remove(name: string): void {
    const shown = this.actors.get(name)
    if (shown === undefined) return
    const { inFlight } = shown.actor.getSnapshot().context
    shown.tell({ type: "drain" })
    if (inFlight > 0) shown.tell({ type: "settled", count: inFlight })
    this.actors.delete(name)
  }
}
