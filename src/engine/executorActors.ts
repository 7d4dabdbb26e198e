/** The executors' actors: what each has in flight, for whoever looks. */
import { createActor } from "xstate"
import type { ActorRefFrom, AnyActorRef } from "xstate"
import { executorMachine } from "../../machines/executorMachine.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { Dispatcher } from "./dispatcher.ts"

export class ExecutorActors {
  private readonly actors = new Map<string, ActorRefFrom<typeof executorMachine>>()
  private readonly parent: AnyActorRef
  private readonly dispatcher: Dispatcher

  constructor(parent: AnyActorRef, dispatcher: Dispatcher) {
    this.parent = parent
    this.dispatcher = dispatcher
  }

  open(name: string, { concurrency, queue }: ExecutorProvider): void {
    const input = { concurrency, queue }
    this.actors.set(name, createActor(executorMachine, { parent: this.parent, id: `executor:${name}`, input }).start())
  }

  /** Brings the actors up to date: in batches, since an event a run would cost more than the run. */
  showLoad(): void {
    for (const [name, status] of this.dispatcher.status()) {
      const actor = this.actors.get(name)
      if (actor === undefined) continue
      const { status: life, context } = actor.getSnapshot()
      // One that was idle when it was told to drain has stopped.
      if (life !== "active") continue
      const known = context.inFlight
      const actual = Math.min(status.running + status.queued, status.concurrency + status.queue)
      if (actual > known) actor.send({ type: "submitted", count: actual - known })
      else if (actual < known) actor.send({ type: "settled", count: known - actual })
    }
  }

  /** They take nothing more; what is in flight is shown until it has ended. */
  drain(): void {
    this.showLoad()
    for (const actor of this.actors.values()) actor.send({ type: "drain" })
  }

  /** Its runs have been interrupted. */
  remove(name: string): void {
    const actor = this.actors.get(name)
    if (actor === undefined) return
    const { inFlight } = actor.getSnapshot().context
    actor.send({ type: "drain" })
    if (inFlight > 0) actor.send({ type: "settled", count: inFlight })
    this.actors.delete(name)
  }
}
