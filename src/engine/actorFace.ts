/**
 * An actor as a program holds it: to XState, to `useSelector` and to a user's own machines an actor like any other. What it shows is
 * another's; what it is sent are commands, which go the way of the scheduler's verbs, and are refused to their sender alone.
 */
import type { ActorRef, AnyActorLogic, AnyActorRef, EventObject, Observer, Snapshot, Subscription } from "xstate"
import { callBack } from "../event/callback.ts"
import type { ActorGuards } from "./inspection.ts"
import { UnknownCommandError } from "./schedulerError.ts"
import { inWords } from "../input/inWords.ts"
import { isUnreadableData } from "../input/readable.ts"

/** What the commands of an actor do, by their names. Given is the whole event; what it throws or rejects with refuses the command. */
export type Commands = Readonly<Record<string, (event: object) => unknown>>

export interface FaceOptions<TShown, TRefused> {
  readonly shown: TShown
  readonly commands: Commands
  /** What is emitted for an event that came to nothing. */
  readonly refused: (event: unknown, reason: string, error: unknown) => TRefused
  readonly guards: ActorGuards
  /** What `stop` lets go. Absent: `stop` does nothing. */
  readonly release?: () => void
}

interface Watch {
  readonly observer: Partial<Observer<unknown>>
  readonly subscription: Subscription
}

export class ActorFace<
  TSnapshot extends Snapshot<unknown>,
  TCommand extends EventObject,
  TRefused extends EventObject
> implements ActorRef<TSnapshot, TCommand, TRefused> {
  private readonly options: FaceOptions<ActorRef<TSnapshot, never>, TRefused>
  private readonly watches = new Set<Watch>()
  private readonly listeners = new Map<string, Set<(emitted: TRefused) => void>>()
  /** What was shown last, once it is let go. */
  private last: TSnapshot | null = null
  /** By this XState knows an actor among a context's data. */
  readonly ref = this
  declare readonly [Symbol.observable]: () => this

  constructor(options: FaceOptions<ActorRef<TSnapshot, never>, TRefused>) {
    this.options = options
    // XState and RxJS agree on this where the platform has no such symbol.
    const observable = (Symbol as { readonly observable?: symbol }).observable ?? "@@observable"
    Object.defineProperty(this, observable, { value: () => this })
  }

  get id(): string {
    return this.shown.id
  }

  get sessionId(): string {
    return this.shown.sessionId
  }

  get system(): AnyActorRef["system"] {
    return this.shown.system
  }

  get src(): string | AnyActorLogic {
    return this.shown.src
  }

  /** Never throws. Bound, as XState's own. */
  readonly send = (event: TCommand): void => {
    if (this.last === null) this.take(event)
  }

  /** What XState's actors send each other comes here. */
  readonly _send = this.send

  getSnapshot = (): TSnapshot => this.last ?? this.shown.getSnapshot()

  getPersistedSnapshot(): Snapshot<unknown> {
    return this.shown.getPersistedSnapshot()
  }

  readonly subscribe: ActorRef<TSnapshot, TCommand, TRefused>["subscribe"] = (
    first?: Observer<TSnapshot> | ((snapshot: TSnapshot) => void),
    error?: (error: unknown) => void,
    complete?: () => void
  ): Subscription => {
    if (this.last !== null) return { unsubscribe: () => undefined }
    const observer = (typeof first === "object" ? first : { next: first, error, complete }) as Watch["observer"]
    let watch: Watch | null = null
    const forget = (): void => {
      if (watch !== null) this.watches.delete(watch)
    }
    const subscription = this.shown.subscribe({
      next: (snapshot) => observer.next?.(snapshot),
      error: (failure: unknown) => {
        forget()
        observer.error?.(failure)
      },
      complete: () => {
        forget()
        return observer.complete?.()
      }
    })
    watch = { observer, subscription }
    if (this.shown.getSnapshot().status === "active") this.watches.add(watch)
    return {
      unsubscribe: () => {
        forget()
        subscription.unsubscribe()
      }
    }
  }

  readonly on: ActorRef<TSnapshot, TCommand, TRefused>["on"] = (type, handler) => {
    const heard = this.listeners.get(type) ?? new Set()
    this.listeners.set(type, heard)
    const listener = (emitted: TRefused): void => (handler as (emitted: TRefused) => void)(emitted)
    heard.add(listener)
    return { unsubscribe: () => void heard.delete(listener) }
  }

  select: ActorRef<TSnapshot, TCommand, TRefused>["select"] = (selector, equal = Object.is) => ({
    get: () => selector(this.getSnapshot()),
    subscribe: (first: unknown) => {
      const next = typeof first === "function" ? first : (first as Observer<unknown>).next
      let selected = selector(this.getSnapshot())
      return this.subscribe((snapshot) => {
        const now = selector(snapshot)
        if (equal(selected, now)) return
        selected = now
        return (next as ((value: unknown) => void) | undefined)?.(now)
      })
    }
  })

  /** It was started by whoever made it. */
  readonly start = (): this => this

  readonly stop = (): this => {
    if (this.options.release === undefined || this.last !== null) return this
    const snapshot = this.shown.getSnapshot()
    this.last = snapshot.status === "active" ? { ...snapshot, status: "stopped" } : snapshot
    for (const { observer, subscription } of [...this.watches]) {
      subscription.unsubscribe()
      this.call(() => observer.complete?.(), "a subscriber")
    }
    this.watches.clear()
    this.listeners.clear()
    this.options.release()
    return this
  };

  [Symbol.dispose](): void {
    this.stop()
  }

  toJSON(): object {
    return { xstate$$type: 1, id: this.id }
  }

  private get shown(): ActorRef<TSnapshot, never> {
    return this.options.shown
  }

  private take(event: unknown): void {
    try {
      const { commands } = this.options
      const type = typeOf(event)
      const command = type !== null && Object.hasOwn(commands, type) ? commands[type] : undefined
      if (command === undefined)
        throw new UnknownCommandError({
          actor: this.id,
          found: type === null ? inWords(event) : inWords(type),
          known: Object.keys(commands)
        })
      const given = command(event as object)
      if (given instanceof Promise) given.catch((error: unknown) => this.refuse(event, error))
    } catch (error) {
      this.refuse(event, error)
    }
  }

  private refuse(event: unknown, error: unknown): void {
    const refusal = this.options.refused(event, error instanceof Error ? error.message : inWords(error), error)
    const heard = [...(this.listeners.get(refusal.type) ?? []), ...(this.listeners.get("*") ?? [])]
    for (const listener of heard) this.call(() => listener(refusal), "a listener")
  }

  private call(call: () => unknown, who: string): void {
    const { guards } = this.options
    guards.within(() => callBack(call, (error) => guards.onError(error, `${who} of actor "${this.id}"`)))
  }
}

/** What an event is called; `null` for what is no event. Plain JavaScript may send anything. */
const typeOf = (event: unknown): string | null => {
  if (typeof event !== "object" || event === null || isUnreadableData(event)) return null
  const { type } = event as { readonly type?: unknown }
  return typeof type === "string" ? type : null
}
