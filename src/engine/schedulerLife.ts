/**
 * The life of one scheduler. The machine that the engine goes by is an actor that nobody else can reach; beside it lives one that shows
 * the same, in a system that may be inspected.
 */
import { createActor } from "xstate"
import type { ActorRefFrom, InspectionEvent, SnapshotFrom } from "xstate"
import type { SchedulerEvent } from "../../machines/schedulerMachine.ts"
import { schedulerMachine } from "../../machines/schedulerMachine.ts"
import type { WallTimers } from "./clock.ts"
import { xstateClock } from "./clock.ts"
import type { ClosedActor } from "./closedActor.ts"
import { closedActor } from "./closedActor.ts"
import type { ActorGuards } from "./inspection.ts"
import { guardSystem } from "./inspection.ts"

/** What a scheduler shows of its life. */
export type SchedulerSnapshot = SnapshotFrom<typeof schedulerMachine>

/** The actor that shows it; it takes nothing. */
export type ShownScheduler = ActorRefFrom<typeof schedulerMachine>

export class SchedulerLife {
  private readonly machine = createActor(schedulerMachine).start()
  private readonly mirror: ClosedActor<ShownScheduler, SchedulerEvent>

  constructor(timers: WallTimers, guards: ActorGuards, inspect?: (event: InspectionEvent) => void) {
    const inspecting = inspect === undefined ? {} : { inspect }
    const root = createActor(schedulerMachine, { id: "scheduler", clock: xstateClock(timers), ...inspecting })
    guardSystem(root.system, guards)
    this.mirror = closedActor(root, guards)
  }

  get shown(): ShownScheduler {
    return this.mirror.actor
  }

  get now(): SchedulerSnapshot {
    return this.machine.getSnapshot()
  }

  /** From now on it is shown to be alive. */
  start(): void {
    this.mirror.start()
  }

  send(event: SchedulerEvent): void {
    if (this.now.status !== "active") return
    this.machine.send(event)
    this.mirror.tell(event)
  }
}
