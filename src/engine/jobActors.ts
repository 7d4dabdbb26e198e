/**
 * Live actors, only where somebody looks: jobs whose actor was asked for, and, with an inspector attached, every job that
 * something happens to. They are sent the very events that the table was stepped with, after the commit, so an actor never
 * shows what is not on disk.
 */
import { createActor, fromTransition } from "xstate"
import type { ActorRefFrom, AnyActorRef } from "xstate"
import { jobMachine } from "../../machines/jobMachine.ts"
import { noAnswer } from "../job/jobEvent.ts"
import type { Job } from "./jobCodec.ts"
import type { Plan } from "./plan.ts"

export type JobActor = ActorRefFrom<typeof jobMachine>

interface Live {
  readonly actor: JobActor
  /** Asked for by a caller: stays until the job is done or the scheduler stops. */
  asked: boolean
}

export class JobActors {
  private readonly live = new Map<string, Live>()
  private readonly inspected: boolean
  private readonly keeper: AnyActorRef

  constructor(parent: AnyActorRef, inspected: boolean) {
    this.inspected = inspected
    // XState lets only a parent stop its child, from within a step of its own.
    this.keeper = createActor(
      fromTransition((state: null, event: { readonly type: "putAway"; readonly actor: AnyActorRef }, scope) => {
        if (event.type === "putAway") scope.stopChild(event.actor)
        return state
      }, null),
      { parent, id: "jobs" }
    ).start()
  }

  /** True when a plan's steps must be passed on. */
  get wanted(): boolean {
    return this.inspected || this.live.size > 0
  }

  /** The job's actor, live from now on. */
  ask(lane: string, job: Job): JobActor {
    const live = this.live.get(place(lane, job.key)) ?? this.open(lane, job)
    live.asked = true
    return live.actor
  }

  /** Passes the committed steps on. */
  follow(lane: string, plan: Plan): void {
    if (!this.wanted) return
    for (const job of plan.changed()) {
      if (this.inspected && !this.live.has(place(lane, job.key))) this.open(lane, plan.initial(job.key) ?? job)
    }
    for (const { key, event } of plan.steps) this.live.get(place(lane, key))?.actor.send(event)
    for (const job of plan.changed()) if (job.value === "done") this.end(lane, job)
  }

  /** The job is no longer kept decoded: unless somebody asked for its actor, that goes too. */
  putAway(lane: string, job: Job): void {
    const live = this.live.get(place(lane, job.key))
    if (live !== undefined && (!live.asked || job.value === "done")) this.end(lane, job)
  }

  private open(lane: string, job: Job): Live {
    const { rules, memory, value } = job
    const context = { jobId: job.row.id, rules, memory, answer: noAnswer }
    const actor = createActor(jobMachine, {
      parent: this.keeper,
      id: `job:${job.row.id}`,
      input: { jobId: job.row.id, rules, memory },
      snapshot: jobMachine.resolveState({ value, context })
    }).start()
    const live: Live = { actor, asked: false }
    this.live.set(place(lane, job.key), live)
    return live
  }

  private end(lane: string, job: Job): void {
    const live = this.live.get(place(lane, job.key))
    if (live === undefined) return
    this.live.delete(place(lane, job.key))
    this.keeper.send({ type: "putAway", actor: live.actor })
  }
}

const place = (lane: string, key: number): string => `${lane}/${key}`
