/**
 * The life of one scheduler. The machine that the engine goes by is an actor that nobody else can reach; beside it lives one that shows
 * the same, in a system that may be inspected.
 */
import { createActor } from "xstate"
import type { ActorRefFrom, AnyActorRef, InspectionEvent, SnapshotFrom } from "xstate"
import type { SchedulerEvent } from "../../machines/schedulerMachine.ts"
import { schedulerMachine } from "../../machines/schedulerMachine.ts"
import type { WallTimers } from "./clock.ts"
import { xstateClock } from "./clock.ts"
import type { Closed, Speaker } from "./closedActor.ts"
import { closedActor } from "./closedActor.ts"
import type { ActorGuards } from "./inspection.ts"
import { guardSystem } from "./inspection.ts"

/** What a scheduler shows of its life. */
export type SchedulerSnapshot = SnapshotFrom<typeof schedulerMachine>

/** The actor that shows it; it takes nothing. */
export type ShownScheduler = ActorRefFrom<typeof schedulerMachine>

interface LifeEnvironment {
  readonly inspect?: ((event: InspectionEvent) => void) | undefined
  readonly parent?: AnyActorRef | undefined
}

export class SchedulerLife {
  private readonly machine = createActor(schedulerMachine).start()
  /** What is shown; the parent of all others. */
  readonly root: Closed<typeof schedulerMachine>

  constructor(timers: WallTimers, guards: ActorGuards, { inspect, parent }: LifeEnvironment) {
    const inspecting = inspect === undefined ? {} : { inspect }
    const birth = { id: "scheduler", clock: xstateClock(timers), parent, ...inspecting }
    this.root = closedActor(schedulerMachine, birth, guards)
    const { actor } = this.root
    if (parent === undefined) guardSystem(actor.system, guards)
    // XState asks the root alone for its inspector. The first thing to be shown has been by then.
    else if (inspect !== undefined) actor.system.inspect(below(actor, inspect))
  }

  get shown(): ShownScheduler {
    return this.root.actor
  }

  get now(): SchedulerSnapshot {
    return this.machine.getSnapshot()
  }

  /** In the name of `from`. An event that means nothing where it is reaches nobody. */
  send(event: SchedulerEvent, from: Speaker = this.root): void {
    if (this.take(event)) this.root.tell(event, from)
  }

  /** It is over: the engine goes by that already when `closing` is done, and it is shown after. */
  end(closing: () => void): void {
    const event = { type: "drained" } as const
    if (!this.take(event)) return
    closing()
    this.root.tell(event, this.root)
  }

  private take(event: SchedulerEvent): boolean {
    const { now } = this
    if (now.status !== "active" || !now.can(event)) return false
    this.machine.send(event)
    // Only from now on it is shown to be alive.
    if (now.matches("new")) this.root.start()
    return true
  }
}

/** What of a system's news is about this actor or one below it. */
const below =
  (root: AnyActorRef, inspect: (event: InspectionEvent) => void) =>
  (event: InspectionEvent): void => {
    let actor: AnyActorRef | undefined = event.actorRef as AnyActorRef
    while (actor !== undefined && actor !== root) actor = actor._parent
    if (actor === root) inspect(event)
  }
