/**
 * Live actors, only where somebody looks: jobs whose actor was asked for, and, with an inspector attached, every job that
 * something happens to. They are sent the very events that the table was stepped with, after the commit, so an actor never
 * shows what is not on disk. An inspected job that nobody asked for ends when it leaves the cache.
 */
import { createActor, setup, stopChild } from "xstate"
import type { ActorRefFrom, AnyActorRef } from "xstate"
import { jobMachine } from "../../machines/jobMachine.ts"
import { noAnswer } from "../job/jobEvent.ts"
import type { Job } from "./job/jobCodec.ts"
import type { CommitFollower } from "./writer/commitFollower.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"

/** A job's actor: it shows each committed step of the job. What it is sent by others changes nothing that is stored. */
export type JobActor = ActorRefFrom<typeof jobMachine>

/** What is asked of a writer: its name, and which jobs it keeps decoded. */
export interface JobCacheView {
  readonly name: string
  readonly cache: { byKey(key: number): Job | undefined }
}

interface Live {
  readonly actor: JobActor
  /** Asked for by a caller: stays until the job is done or the scheduler stops. */
  asked: boolean
}

type KeeperEvent = { readonly type: "stop"; readonly actor: AnyActorRef } | { readonly type: "close" }

/** XState lets only a parent stop its child, from within a step of its own: this parent has no other use. */
const keeperMachine = setup({ types: { events: {} as KeeperEvent } }).createMachine({
  id: "jobs",
  initial: "open",
  states: {
    // The jobs' own news, such as their end, reach their parent too, and mean nothing to it.
    open: {
      on: { stop: { actions: stopChild(({ event }) => event.actor) }, close: "closed", "*": {} }
    },
    closed: { type: "final" }
  }
})

export class JobActors implements CommitFollower<JobCacheView> {
  /** By store, then by the job's key. */
  private readonly live = new Map<string, Map<number, Live>>()
  /** Jobs that left the cache since the last commit was followed. */
  private leaving: Array<{ readonly view: JobCacheView; readonly key: number }> = []
  private count = 0
  private keeper: ActorRefFrom<typeof keeperMachine> | null = null
  private readonly parent: AnyActorRef
  private readonly inspected: boolean
  /** Keeps an actor's subscribers from doing harm. */
  private readonly guard: (actor: JobActor) => JobActor

  constructor(parent: AnyActorRef, inspected: boolean, guard: (actor: JobActor) => JobActor) {
    this.parent = parent
    this.inspected = inspected
    this.guard = guard
  }

  /** Jobs with a live actor. */
  get size(): number {
    return this.count
  }

  /**
   * The job's actor, live from now on; one of a job that is done has ended. Asked while `unit`'s commit is told: the actor
   * is as it was before, and `follow` brings it up to date.
   */
  ask(view: JobCacheView, unit: UnitOfWork, job: Job): JobActor {
    const live = this.find(view, job.key) ?? this.open(view, unit.initial(job.key) ?? job)
    live.asked = true
    return live.actor
  }

  /** Passes the committed steps on. */
  follow(view: JobCacheView, unit: UnitOfWork): void {
    if (!this.inspected && this.count === 0) return
    if (this.inspected)
      for (const job of unit.changed())
        if (this.find(view, job.key) === undefined) this.open(view, unit.initial(job.key) ?? job)
    for (const { key, event } of unit.steps) {
      const actor = this.find(view, key)?.actor
      // One that was done takes no event; what begins anew is seen to below.
      if (actor?.getSnapshot().status === "active") actor.send(event)
    }
    for (const job of unit.changed()) this.agree(view, job)
    for (const left of this.leaving) {
      const gone = left.view.cache.byKey(left.key) === undefined
      if (gone && this.find(left.view, left.key)?.asked === false) this.end(left.view.name, left.key)
    }
    this.leaving = []
  }

  /** The job is no longer kept decoded: unless somebody asked for its actor, that goes too, once it has heard the news. */
  evicted(view: JobCacheView, job: Job): void {
    if (this.inspected) this.leaving.push({ view, key: job.key })
  }

  /** Ends the actors of a store that is closed. */
  closeStore(store: string): void {
    for (const key of [...(this.live.get(store)?.keys() ?? [])]) this.end(store, key)
    this.live.delete(store)
  }

  /** Ends them all. */
  close(): void {
    for (const store of [...this.live.keys()]) this.closeStore(store)
    if (this.keeper?.getSnapshot().status === "active") this.keeper.send({ type: "close" })
  }

  /** A life that began anew was no step of the machine: another actor shows it. One that is done has ended by itself. */
  private agree(view: JobCacheView, job: Job): void {
    const live = this.find(view, job.key)
    if (live === undefined) return
    if (live.actor.getSnapshot().value !== job.value) {
      this.end(view.name, job.key)
      this.open(view, job).asked = live.asked
    }
    if (job.value === "done") this.end(view.name, job.key)
  }

  private find(view: JobCacheView, key: number): Live | undefined {
    return this.live.get(view.name)?.get(key)
  }

  private open(view: JobCacheView, job: Job): Live {
    const { rules, memory, value } = job
    const jobId = job.row.id
    this.keeper ??= createActor(keeperMachine, { parent: this.parent, id: "jobs" }).start()
    const actor = createActor(jobMachine, {
      parent: this.keeper,
      id: `job:${jobId}`,
      input: { jobId, rules, memory },
      snapshot: jobMachine.resolveState({ value, context: { jobId, rules, memory, answer: noAnswer } })
    }).start()
    const live: Live = { actor: this.guard(actor), asked: false }
    const jobs = this.live.get(view.name) ?? new Map<number, Live>()
    this.live.set(view.name, jobs.set(job.key, live))
    this.count += 1
    return live
  }

  private end(store: string, key: number): void {
    const jobs = this.live.get(store)
    const live = jobs?.get(key)
    if (jobs === undefined || live === undefined) return
    jobs.delete(key)
    this.count -= 1
    if (live.actor.getSnapshot().status === "active") this.keeper?.send({ type: "stop", actor: live.actor })
  }
}
