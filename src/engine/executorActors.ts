/** The executors' actors: what each has in flight, for whoever looks. */
import { executorMachine } from "../../machines/executorMachine.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { Closed, Speaker } from "./closedActor.ts"
import { closedActor } from "./closedActor.ts"
import type { Dispatcher } from "./dispatcher.ts"
import type { ActorGuards } from "./inspection.ts"

type ShownExecutor = Closed<typeof executorMachine>

export class ExecutorActors {
  private readonly actors = new Map<string, ShownExecutor>()
  private readonly scheduler: Speaker
  private readonly dispatcher: Dispatcher
  private readonly guards: ActorGuards

  constructor(scheduler: Speaker, dispatcher: Dispatcher, guards: ActorGuards) {
    this.scheduler = scheduler
    this.dispatcher = dispatcher
    this.guards = guards
  }

  open(name: string, { concurrency, queue }: ExecutorProvider): void {
    const input = { concurrency, queue }
    try {
      const birth = { under: this.scheduler, id: `executor:${name}`, src: "executor", input }
      const shown = closedActor(executorMachine, birth, this.guards)
      this.actors.set(name, shown)
      shown.start()
    } catch (error) {
      // An observer of the program's system may throw while an actor is made.
      this.guards.onError(error, `an observer of actor "executor:${name}"`)
    }
  }

  find(name: string): ShownExecutor | undefined {
    return this.actors.get(name)
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
      if (actual > known) shown.tell({ type: "submitted", count: actual - known }, this.scheduler)
      else if (actual < known) shown.tell({ type: "settled", count: known - actual }, this.scheduler)
    }
  }

  /** They take nothing more; what is in flight is shown until it has ended. */
  drain(): void {
    this.showLoad()
    for (const shown of this.actors.values()) shown.tell({ type: "drain" }, this.scheduler)
  }

  /** Its runs have been interrupted. */
  remove(name: string): void {
    const shown = this.actors.get(name)
    if (shown === undefined) return
    const { inFlight } = shown.actor.getSnapshot().context
    shown.tell({ type: "drain" }, this.scheduler)
    if (inFlight > 0) shown.tell({ type: "settled", count: inFlight }, this.scheduler)
    this.scheduler.forget(shown.actor)
    this.actors.delete(name)
  }
}
