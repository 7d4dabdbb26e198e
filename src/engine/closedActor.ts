/**
 * Actors that everybody may look at and nobody but the engine may move. XState hands its actors to inspectors, to `system.get` and to
 * their relatives, with all that can be done to them: of these, what would send, start or stop them does nothing. The engine makes each
 * the child of another and sends in the name of a third, so that an inspector sees a tree and who told whom.
 */
import { createActor, sendTo, setup } from "xstate"
import type {
  ActorRefFrom,
  ActorScope,
  AnyActorRef,
  AnyMachineSnapshot,
  AnyStateMachine,
  ActorOptions,
  EventFromLogic,
  EventObject,
  InputFrom,
  InspectionEvent,
  Snapshot
} from "xstate"
import type { ActorGuards } from "./inspection.ts"
import { deliveryType, guardSubscribers } from "./inspection.ts"

/** The engine's own hold of such an actor. */
export interface ClosedActor<A extends AnyActorRef, E extends EventObject> extends Speaker {
  /** To be shown around. */
  readonly actor: A
  start(): void
  /** Ends a root; a child is ended by its parent. */
  stop(): void
  /** Sends it a copy of the event, in the name of `from`. Never throws: what an observer of the system throws is reported. */
  tell(event: E, from?: Speaker): void
}

/** Who may be the source of a message, and the parent of an actor. */
export interface Speaker {
  readonly actor: AnyActorRef
  /** By id; what its snapshots show as `children`. */
  children(): Record<string, AnyActorRef>
  say(to: AnyActorRef, event: EventObject): void
  /** A child has ended, or is to live on when its parent ends. */
  forget(child: AnyActorRef): void
  adopt(child: AnyActorRef): void
}

/** A machine's closed actor. */
export type Closed<M extends AnyStateMachine> = ClosedActor<ActorRefFrom<M>, EventFromLogic<M>>

export interface Birth<M extends AnyStateMachine> {
  /** Also what the system knows it by, where that is free. */
  readonly id: string
  /** What a persisted snapshot of the parent says that it is made of. */
  readonly src?: string
  readonly input?: InputFrom<M>
  readonly snapshot?: AnyMachineSnapshot
  readonly clock?: NonNullable<ActorOptions<M>["clock"]>
  readonly inspect?: (event: InspectionEvent) => void
  /** One of the engine's. */
  readonly under?: Speaker
  /** One of the program's. */
  readonly parent?: AnyActorRef | undefined
}

/** What XState's actors are given each other's events by. It is not declared, and nothing else stands between them. */
interface Mailbox {
  _send(event: EventObject): void
}

/** Throws what an observer of the system throws at a new actor. */
export const closedActor = <M extends AnyStateMachine>(
  machine: M,
  { under, parent: stranger, ...birth }: Birth<M>,
  guards: ActorGuards
): Closed<M> => {
  const family = familyOf(machine)
  const parent = under?.actor ?? stranger
  // Two of one id may be live: a removed job that still runs, and one that is added meanwhile.
  const free = parent === undefined || parent.system.get(birth.id) === undefined
  const options = { ...birth, ...(free ? { systemId: birth.id } : {}), ...(parent === undefined ? {} : { parent }) }
  const actor = createActor<AnyStateMachine>(family.logic, options)
  const own = { send: actor.send, start: actor.start.bind(actor), stop: actor.stop.bind(actor) }
  const deliver = (actor as unknown as Mailbox)._send.bind(actor)
  /** Each is let in once: an inspector that sends what it was shown again is a stranger. */
  const admitted = new WeakSet<EventObject>()
  const attempt = (call: () => void): void => {
    try {
      call()
    } catch (error) {
      guards.onError(error, `an observer of actor "${birth.id}"`)
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
  under?.adopt(actor)
  return {
    actor: guardSubscribers(actor, guards) as AnyActorRef as ActorRefFrom<M>,
    children: family.children,
    start: () => attempt(own.start),
    stop: () => attempt(own.stop),
    adopt: (child) => {
      family.children()[child.id] = child
    },
    forget: (child) => {
      if (family.children()[child.id] === child) Reflect.deleteProperty(family.children(), child.id)
    },
    say: (to, event) => attempt(() => family.say(to, event)),
    tell: (event, from) => {
      if (!isActive(actor)) return
      const copy: EventFromLogic<M> = Object.freeze({ ...event })
      admitted.add(copy)
      if (from === undefined) attempt(() => own.send(copy))
      else from.say(actor, copy)
    }
  }
}

const isActive = (actor: AnyActorRef): boolean => (actor.getSnapshot() as Snapshot<unknown>).status === "active"

type Scope = ActorScope<AnyMachineSnapshot, EventObject>

/** The machine as it is, for an actor whose children the engine makes, and that can send what the engine has to say. */
const familyOf = (machine: AnyStateMachine) => {
  /** The same in all its snapshots: a copy for each event would cost as much as there are children. */
  let children: Record<string, AnyActorRef> = {}
  let scope: Scope | null = null
  const withChildren = (snapshot: AnyMachineSnapshot): AnyMachineSnapshot => ({ ...snapshot, children })
  const logic = Object.create(machine, {
    getInitialSnapshot: {
      value: (given: Scope, input: unknown) => {
        scope = given
        return withChildren(machine.getInitialSnapshot(given, input))
      }
    },
    restoreSnapshot: {
      value: (snapshot: AnyMachineSnapshot, given: Scope) => {
        scope = given
        return withChildren(machine.restoreSnapshot(snapshot, given))
      }
    },
    transition: {
      value: (snapshot: AnyMachineSnapshot, event: EventObject, given: Scope) => {
        const next = machine.transition(snapshot, event, given) as AnyMachineSnapshot
        // The machine has stopped some.
        if (next.children !== snapshot.children) children = { ...next.children } as typeof children
        return withChildren(next)
      }
    }
  }) as AnyStateMachine
  const say = (to: AnyActorRef, message: EventObject): void => {
    if (scope === null) return
    const pending: Array<() => void> = []
    const aside: Scope = {
      ...scope,
      defer: (send) => void pending.push(send),
      actionExecutor: ({ exec, info, params }) => exec?.(info, params)
    }
    courier.transition(courierAtRest, { type: deliveryType, to, message }, aside as never)
    for (const send of pending) send()
  }
  return { logic, say, children: () => children }
}

/** Does what the action of a machine does that sends to another actor; whoever lends it a scope is the sender. */
const courier = setup({
  types: {
    events: {} as { readonly type: typeof deliveryType; readonly to: AnyActorRef; readonly message: EventObject }
  }
}).createMachine({
  on: {
    [deliveryType]: {
      actions: sendTo(
        ({ event }) => event.to,
        ({ event }) => event.message
      )
    }
  }
})
const courierAtRest = courier.resolveState({ value: {}, context: {} })
