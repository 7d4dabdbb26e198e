/**
 * Actors that everybody may look at and nobody but the engine may move. XState hands its actors to inspectors, to `system.get` and to
 * their relatives, with all that can be done to them: of these, what would send, start or stop them does nothing.
 */
import type { AnyActorRef, EventObject } from "xstate"
import type { ActorGuards } from "./inspection.ts"
import { guardSubscribers } from "./inspection.ts"

/** The engine's own hold of such an actor. */
export interface ClosedActor<A extends AnyActorRef, E extends EventObject> {
  /** To be shown around. */
  readonly actor: A
  start(): void
  /** Ends a root; a child is ended by its parent. */
  stop(): void
  /** Sends it a copy of the event. Never throws: what an observer of the system throws is reported. */
  tell(event: E): void
}

/** What XState's actors are given each other's events by. It is not declared, and nothing else stands between them. */
interface Mailbox {
  _send(event: EventObject): void
}

/** Closes a new actor, before anybody has seen it send. */
export const closedActor = <A extends AnyActorRef, E extends EventObject>(
  actor: A,
  guards: ActorGuards
): ClosedActor<A, E> => {
  const own = { send: actor.send, start: actor.start.bind(actor), stop: actor.stop.bind(actor) }
  const deliver = (actor as unknown as Mailbox)._send.bind(actor)
  /** Each is let in once: an inspector that sends what it was shown again is a stranger. */
  const admitted = new WeakSet<EventObject>()
  const attempt = (call: () => void): void => {
    try {
      call()
    } catch (error) {
      guards.onError(error, `an observer of actor "${actor.id}"`)
    }
  }
  const closed = {
    send: () => undefined,
    start: () => actor,
    stop: () => actor,
    _send: (event: EventObject) => {
      if (admitted.delete(event)) deliver(event)
    }
  }
  // Not to be written over again: plain JavaScript would.
  for (const [name, value] of Object.entries(closed)) Object.defineProperty(actor, name, { value })
  return {
    actor: guardSubscribers(actor, guards),
    start: () => attempt(own.start),
    stop: () => attempt(own.stop),
    tell: (event) => {
      if ((actor.getSnapshot() as { readonly status: string }).status !== "active") return
      const copy: E = Object.freeze({ ...event })
      admitted.add(copy)
      attempt(() => own.send(copy))
    }
  }
}
