/**
 * Live actors, only where somebody looks: jobs whose actor was asked for, and, with an inspector attached, every job that
 * something happens to. They are sent the very events that the table was stepped with, after the commit, so an actor never
 * shows what is not on disk. An inspected job that nobody asked for ends when it leaves the cache.
 */
import { setup, stopChild } from "xstate"
import type { ActorRefFrom, AnyActorRef } from "xstate"
import { jobMachine } from "../../machines/jobMachine.ts"
import type { Closed, Speaker } from "./closedActor.ts"
import { closedActor } from "./closedActor.ts"
import type { ActorGuards } from "./inspection.ts"
import type { Job } from "./job/jobCodec.ts"
import { snapshotOf } from "./job/jobSnapshot.ts"
import type { InspectedJob, RunActors } from "./runActors.ts"
import type { CommitFollower } from "./writer/commitFollower.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"

/** The actor that shows each committed step of a job; it takes nothing from outside. */
export type ShownJob = ActorRefFrom<typeof jobMachine>

/** A job's actor, and how whoever asked for it lets it go. */
export interface HeldJob {
  readonly actor: ShownJob
  /** Called again, it does nothing. */
  release(): void
}

/** What is asked of a writer: its name, and which jobs it keeps decoded. */
export interface JobCacheView {
  readonly name: string
  readonly cache: { byKey(key: number): Job | undefined }
  /** What a run is called. */
  runId(runKey: number): string
}

interface Live extends InspectedJob {
  readonly view: JobCacheView
  row: Job["row"]
  readonly key: number
  /** Callers who asked for it and have not let it go: while there is one it stays, until the job is done or the scheduler stops. */
  holders: number
}

type KeeperEvent = { readonly type: "stop"; readonly actor: AnyActorRef } | { readonly type: "close" }

/** XState lets only a parent stop its child, from within a step of its own: this parent has no other use. */
const keeperMachine = setup({ types: { events: {} as KeeperEvent } }).createMachine({
  id: "jobs",
  initial: "open",
  states: {
    open: {
      on: { stop: { actions: stopChild(({ event }) => event.actor) }, close: "closed" }
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
  private keeper: Closed<typeof keeperMachine> | null = null
  private readonly scheduler: Speaker
  /** What goes on around inspected jobs; `null`: nobody inspects. */
  private readonly messages: RunActors | null
  private readonly inspected: boolean
  private readonly guards: ActorGuards

  constructor(scheduler: Speaker, messages: RunActors | null, guards: ActorGuards) {
    this.scheduler = scheduler
    this.messages = messages
    this.inspected = messages !== null
    this.guards = guards
  }

  /** Jobs with a live actor. */
  get size(): number {
    return this.count
  }

  /**
   * The job's actor, live until it is let go; one of a job that is done has ended. Asked while `unit`'s commit is told: the actor
   * is as it was before, and `follow` brings it up to date.
   */
  ask(view: JobCacheView, unit: UnitOfWork, job: Job): HeldJob {
    const live = this.find(view, job.key) ?? this.open(view, unit.initial(job.key) ?? job)
    live.holders += 1
    // One that has ended shows what it shows whether it is kept or not.
    if (live.actor.getSnapshot().status !== "active") this.end(view.name, job.key)
    let held = true
    const release = (): void => {
      if (held) this.release(live)
      held = false
    }
    return { actor: live.actor, release }
  }

  /** The job's live actor, where it has one. */
  speaker(view: Pick<JobCacheView, "name">, key: number): Speaker | undefined {
    return this.find(view, key)
  }

  /** Passes the committed steps on. Never throws: an observer of the program's system may, while an actor is made. */
  follow(view: JobCacheView, unit: UnitOfWork): void {
    if (!this.inspected && this.count === 0) return
    try {
      this.show(view, unit)
    } catch (error) {
      this.guards.onError(error, "an observer of the jobs' actors")
    }
  }

  private show(view: JobCacheView, unit: UnitOfWork): void {
    if (this.inspected)
      for (const job of unit.changed()) {
        const live = this.find(view, job.key) ?? this.open(view, unit.initial(job.key) ?? job)
        live.row = job.row
      }
    for (const { key, event } of unit.steps) {
      const live = this.find(view, key)
      // One that was done takes no event; what begins anew is seen to below. A copy: what is shown can be reached into.
      if (this.messages === null) live?.tell(structuredClone(event), this.scheduler)
      else if (live !== undefined) this.messages.tell(live, event)
    }
    for (const job of unit.changed()) this.agree(view, job)
    for (const left of this.leaving) {
      const live = this.find(left.view, left.key)
      if (live?.holders === 0 && isPutAway(live)) this.end(left.view.name, left.key)
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
    this.keeper?.tell({ type: "close" }, this.scheduler)
  }

  private release(live: Live): void {
    live.holders -= 1
    const { view, key } = live
    // The inspector goes on seeing one that is in memory all the same.
    if (live.holders > 0 || this.find(view, key) !== live || (this.inspected && !isPutAway(live))) return
    this.end(view.name, key)
  }

  /** A life that began anew was no step of the machine: another actor shows it. One that is done has ended by itself. */
  private agree(view: JobCacheView, job: Job): void {
    const live = this.find(view, job.key)
    if (live === undefined) return
    if (live.actor.getSnapshot().value !== job.value) {
      this.end(view.name, job.key)
      this.open(view, job)
    }
    if (job.value === "done") this.end(view.name, job.key)
  }

  private find(view: Pick<JobCacheView, "name">, key: number): Live | undefined {
    return this.live.get(view.name)?.get(key)
  }

  private open(view: JobCacheView, job: Job): Live {
    const under = (this.keeper ??= this.openKeeper())
    const snapshot = snapshotOf(job)
    const { jobId, rules, memory } = snapshot.context
    const birth = { under, id: `job:${jobId}`, src: "job", input: { jobId, rules, memory }, snapshot }
    const live: Live = {
      ...closedActor(jobMachine, birth, this.guards),
      view,
      key: job.key,
      row: job.row,
      runs: new Map(),
      holders: 0
    }
    live.start()
    const jobs = this.live.get(view.name) ?? new Map<number, Live>()
    this.live.set(view.name, jobs.set(job.key, live))
    this.count += 1
    return live
  }

  private openKeeper(): NonNullable<typeof this.keeper> {
    const keeper = closedActor(keeperMachine, { under: this.scheduler, id: "jobs", src: "jobs" }, this.guards)
    keeper.start()
    return keeper
  }

  private end(store: string, key: number): void {
    const jobs = this.live.get(store)
    const live = jobs?.get(key)
    if (jobs === undefined || live === undefined) return
    jobs.delete(key)
    this.count -= 1
    const { actor } = live
    if (actor.getSnapshot().status === "active") this.keeper?.tell({ type: "stop", actor }, this.scheduler)
    this.keeper?.forget(actor)
  }
}

/** No longer kept decoded. */
const isPutAway = ({ view, key }: Live): boolean => view.cache.byKey(key) === undefined
