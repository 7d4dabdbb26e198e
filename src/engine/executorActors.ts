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
      const known = shown.actor.getSnapshot().context.inFlight
      const actual = Math.min(status.running + status.queued, status.concurrency + status.queue)
      if (actual > known) shown.tell({ type: "submitted", count: actual - known }, this.scheduler)
      else if (actual < known) shown.tell({ type: "settled", count: known - actual }, this.scheduler)
    }
  }

  /** Nothing new is claimed for them; what was claimed before, and what is in flight, is shown until it has ended. */
  drain(): void {
    this.showLoad()
    for (const shown of this.actors.values()) shown.tell({ type: "drain" }, this.scheduler)
  }

  /** They are closed. One that has not ended its runs in its time is shown as it is. */
  close(): void {
    this.showLoad()
    for (const shown of this.actors.values()) shown.tell({ type: "closed" }, this.scheduler)
  }

  /** It closes, and its runs have ended when that is `over`; `null`: they have. Another one may have its name at once. */
  remove(name: string, over: Promise<void> | null): void {
    const shown = this.actors.get(name)
    if (shown === undefined) return
    this.actors.delete(name)
    shown.tell({ type: "drain" }, this.scheduler)
    const end = (): void => {
      const { inFlight } = shown.actor.getSnapshot().context
      if (inFlight > 0) shown.tell({ type: "settled", count: inFlight }, this.scheduler)
      shown.tell({ type: "closed" }, this.scheduler)
      this.scheduler.forget(shown.actor)
    }
    if (over === null) end()
    else void over.then(end)
  }
}
