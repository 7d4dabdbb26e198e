/**
 * The steps of one machine that is a task: takes a checkpoint once a step is over, and makes an actor that goes on from one. What is
 * scheduled in the machine is kept by its due instant, since XState forgets delays when it restores a snapshot. Stores nothing itself.
 */
import type { Actor, AnyActorLogic, AnyActorRef, InspectionEvent } from "xstate"
import type { AttemptDue } from "../job/run.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Timers } from "../time/timers.ts"
import type { Checkpoint, Durability, SavedDelay } from "./checkpoint.ts"
import { CheckpointLostError, checkpointOf, CheckpointMisfitError, stateText, StepNotSavedError } from "./checkpoint.ts"
import type { Persisted } from "./checkpointFit.ts"
import { hasDelay, misfitOf, pathsOf } from "./checkpointFit.ts"
import { hasSteps } from "./checkpointOptions.ts"
import { jsonOrPlaceholder, NotJsonError, toJson } from "./jsonText.ts"
import type { RunMessage } from "./runMessage.ts"

/** What XState gives of an actor. */
type TaskActor = Actor<AnyActorLogic>

interface Scheduled {
  readonly source: AnyActorRef
  readonly target: AnyActorRef
  readonly event: object
  readonly delay: number
  readonly id: string
}

/** When something that is scheduled is due; `entry` is `null` until XState has scheduled it anew. */
interface Due {
  readonly dueAt: EpochMillis
  readonly entry: Scheduled | null
}

/** A shorter wait keeps its slot: to put a machine away and take it up again is two commits. */
export const shortestWaitMs = 5_000

/** What a machine's steps lead to. */
export interface StepsTold {
  /** A step cannot be saved. */
  refused(error: StepNotSavedError): void
  /** All that is left to do is to wait until then, or for an event from outside, and that is saved. */
  waits(until: AttemptDue): void
}

export class MachineSteps {
  private readonly durability: Durability
  private readonly timers: Timers
  private readonly told: StepsTold
  private actor: TaskActor | null = null
  private saved: Checkpoint | null = null
  private dues = new Map<string, Due>()
  private lastText: string | null = null
  /** The number of the newest message that the machine has taken in, and of the newest that is saved. */
  private received = 0
  private savedReceived = 0
  private armedAt: EpochMillis = 0
  /** How many of the restored delays XState has not scheduled anew yet. */
  private unarmed = 0
  private asked = false
  private over = false
  /** A tagged machine has entered a state since it was saved last. */
  private entered = true
  /** While true nothing is armed: XState schedules what it is told of before its start once more at its start. */
  muted = false

  constructor(durability: Durability, timers: Timers, told: StepsTold) {
    this.durability = durability
    this.timers = timers
    this.told = told
  }

  /** The snapshot to go on from, for `createActor`; `undefined`: there is none. Throws `CheckpointMisfitError` and `CheckpointLostError`. */
  snapshot(): object | undefined {
    const { saved, migrate, version } = this.durability
    if (saved === undefined) return undefined
    const { jobId: job, task } = this.durability
    if (saved === null) throw new CheckpointLostError({ job, task })
    const found = checkpointOf(saved)
    if (found === null) throw this.misfit("it is not a checkpoint that this version of Carillon reads")
    this.saved = found
    if (found.version !== version && migrate === undefined)
      throw this.misfit(`the task has no \`migrate\` from version ${found.version}`)
    // Restoring a snapshot changes it.
    const copy = structuredClone(found.snapshot)
    if (found.version === version || migrate === undefined) {
      this.lastText = JSON.stringify(saved)
      return copy as object
    }
    try {
      const migrated = toJson(migrate(copy, found.version))
      if (typeof migrated === "object" && migrated !== null) return migrated
    } catch (error) {
      throw this.misfit(`its \`migrate\` failed: ${error instanceof Error ? error.message : String(error)}`)
    }
    throw this.misfit("its `migrate` gave no snapshot")
  }

  /** Watches an actor that is not started yet, made from `snapshot` if there is one. Throws `CheckpointMisfitError`. */
  watch(actor: TaskActor, snapshot: object | undefined): void {
    this.actor = actor
    if (snapshot !== undefined) {
      const reason = misfitOf(actor, snapshot)
      if (reason !== null) throw this.misfit(reason)
      this.resumeDelays(actor)
    }
    actor.system.inspect((event) => this.inspected(event))
  }

  /** Sends it to the machine, which may have no transition for it: then it is taken in all the same. */
  deliver({ number, event }: RunMessage): void {
    const { actor } = this
    if (this.over || actor === null || number <= this.received) return
    this.received = number
    actor.send(event)
    this.ask()
  }

  /** Something was scheduled just now. */
  armed(): void {
    this.armedAt = this.timers.now()
    // Before an event that waits can end one of them and begin another of the same id, which lasts from then on.
    if (this.unarmed > 0 && --this.unarmed === 0 && this.actor !== null) this.noteDues(this.actor)
    this.ask()
  }

  /** Nothing is saved any more. */
  end(): void {
    this.over = true
  }

  private inspected(event: InspectionEvent): void {
    if (event.type === "@xstate.snapshot") this.ask()
    else if (event.type === "@xstate.microstep" && event.actorRef === this.actor)
      this.entered ||= event._transitions.some(({ target }) => target !== undefined)
  }

  /** Once what is under way is through: steps of one turn are one checkpoint. */
  private ask(): void {
    if (this.asked || this.over) return
    this.asked = true
    queueMicrotask(() => {
      this.asked = false
      const { actor } = this
      if (this.over || actor === null || statusOf(actor) !== "active") return
      this.noteDues(actor)
      if (this.durability.mode === "tagged" && !this.isTagged(actor)) return
      if (this.take(actor)) this.maybeWait(actor)
    })
  }

  private isTagged(actor: TaskActor): boolean {
    const { tags } = actor.getSnapshot() as { readonly tags?: ReadonlySet<string> }
    if (!this.entered || tags?.has("checkpoint") !== true) return false
    this.entered = false
    return true
  }

  /** True when what it is at is what is saved. */
  private take(actor: TaskActor): boolean {
    try {
      const text = this.text(actor)
      if (text === this.lastText && this.received === this.savedReceived) return true
      this.lastText = text
      this.savedReceived = this.received
      this.durability.save(text, this.received)
      return true
    } catch (error) {
      this.over = true
      const { path, found, expected } =
        error instanceof NotJsonError
          ? error
          : {
              path: [],
              found: `an error (${error instanceof Error ? error.message : String(error)})`,
              expected: "JSON"
            }
      const { jobId: job, task } = this.durability
      const state = stateText((actor.getSnapshot() as Persisted).value)
      this.told.refused(new StepNotSavedError({ job, task, state, path, found, expected }))
      return false
    }
  }

  /** Nothing is under way in any of its actors, and no delay is near. */
  private maybeWait(actor: TaskActor): void {
    let until = Infinity
    for (const { dueAt } of this.dues.values()) until = Math.min(until, dueAt)
    if (until < this.timers.now() + shortestWaitMs) return
    for (const each of pathsOf(actor).keys()) if (statusOf(each) === "active" && !isStill(each)) return
    this.over = true
    this.told.waits(Number.isFinite(until) ? Math.ceil(until) : "event")
  }

  private text(actor: TaskActor): string {
    const snapshot = toJson(withPlainEnds(actor.getPersistedSnapshot()))
    const checkpoint: Checkpoint = {
      format: 1,
      version: this.durability.version,
      snapshot,
      delays: this.dues.size === 0 ? [] : this.delays(actor)
    }
    return JSON.stringify(checkpoint)
  }

  private delays(actor: TaskActor): ReadonlyArray<SavedDelay> {
    const paths = pathsOf(actor)
    const delays: Array<SavedDelay> = []
    for (const { dueAt, entry } of this.dues.values()) {
      const source = entry === null ? undefined : paths.get(entry.source)
      const target = entry === null ? undefined : paths.get(entry.target)
      if (entry !== null && source !== undefined && target !== undefined && Number.isFinite(dueAt))
        delays.push({ source, target, id: entry.id, event: toJson(entry.event), dueAt })
    }
    return delays.sort((a, b) => a.dueAt - b.dueAt)
  }

  /** Keeps what is scheduled now, with when it is due: what is new was scheduled in the step that has just ended. */
  private noteDues(actor: TaskActor): void {
    const scheduled = Object.entries(actor.system.getSnapshot()._scheduledEvents)
    if (scheduled.length === 0 && this.dues.size === 0) return
    const dues = new Map<string, Due>()
    for (const [key, entry] of scheduled) {
      const known = this.dues.get(key)
      const isKnown = known !== undefined && (known.entry === null || known.entry === entry)
      dues.set(key, { dueAt: isKnown ? known.dueAt : this.armedAt + entry.delay, entry })
    }
    this.dues = dues
  }

  /** Schedules what the machine waited for when it was saved; what has come due meanwhile comes at once. */
  private resumeDelays(actor: TaskActor): void {
    const delays = this.saved?.delays ?? []
    if (delays.length === 0) return
    const actors = new Map([...pathsOf(actor)].map(([ref, path]) => [path.join("\n"), ref]))
    const now = this.timers.now()
    this.muted = true
    for (const { source, target, id, event, dueAt } of delays) {
      const [from, to] = [actors.get(source.join("\n")), actors.get(target.join("\n"))]
      if (from === undefined || to === undefined)
        throw this.misfit(`its actor ${stateText([...source, ...target].at(-1))}, which waits, is not there`)
      const { type } = event as { readonly type: string }
      if (!hasDelay(to, type)) throw this.misfit(`nothing in it waits for ${stateText(type)}`)
      this.dues.set(`${from.sessionId}.${id}`, { dueAt, entry: null })
      actor.system.scheduler.schedule(from, to, event as { type: string }, Math.max(0, dueAt - now), id)
    }
    this.muted = false
    this.unarmed = this.dues.size
  }

  private misfit(reason: string): CheckpointMisfitError {
    const { jobId: job, task, version } = this.durability
    const { snapshot, version: savedVersion = null } = this.saved ?? { snapshot: null }
    const state = stateText((snapshot as Persisted | null)?.value)
    return new CheckpointMisfitError({ job, task, state, savedVersion, version, reason })
  }
}

/** A machine does nothing between its events; promises, callbacks and Observables do. */
const isStill = (actor: AnyActorRef): boolean => {
  const { logic } = actor as { readonly logic?: object }
  return logic !== undefined && hasSteps(logic)
}

const statusOf = (actor: AnyActorRef): unknown => (actor.getSnapshot() as Persisted | undefined)?.status

/** What children that have ended gave is of no use to anybody, and need not be JSON. */
const withPlainEnds = (persisted: Persisted): object => {
  const { children } = persisted
  if (children === undefined) return persisted
  const plain: Array<readonly [string, object]> = Object.entries(children).map(([id, child]) => {
    const of = child.snapshot as Persisted | undefined
    const snapshot = of?.status === "active" ? withPlainEnds(of) : jsonOrPlaceholder(of)
    return [id, { ...child, snapshot }]
  })
  return { ...persisted, children: Object.fromEntries(plain) }
}
