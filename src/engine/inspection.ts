/** Those who look at actors, kept from doing harm: XState calls them within its own steps, or lets what they throw end the process. */
import type { AnyActorRef, InspectionEvent, Observer } from "xstate"
import { callBack } from "../event/callback.ts"
import type { EngineOptions } from "./engineOptions.ts"

/** How those who look are called, and who hears what they throw. */
export type ActorGuards = Pick<EngineOptions, "onError" | "within">

/** By what an actor is made to send: no step of the actor's own. */
export const deliveryType = "carillon.deliver"

/** Passes everything else on; what the inspector throws, now or later, is reported, and the actors go on. */
export const guardedInspect =
  ({ inspect, onError, within }: Pick<EngineOptions, "inspect"> & ActorGuards) =>
  (event: InspectionEvent): void => {
    if (event.type === "@xstate.microstep" && event.event.type === deliveryType) return
    within(() =>
      callBack(
        (): unknown => (typeof inspect === "function" ? inspect(event) : inspect?.next?.(event)),
        (error) => onError(error, "the inspector")
      )
    )
  }

/**
 * The same for the actors of tasks that are actor logic: each has a system of its own, for its clock, and is shown as the child of its run.
 * `runOf` finds that; `null`: none is shown.
 */
export const inspectTasks = (
  inspect: (event: InspectionEvent) => void,
  runOf: (runId: string) => AnyActorRef | null
): ((event: InspectionEvent) => void) => {
  const shown = new WeakMap<AnyActorRef, AnyActorRef>()
  const below = (actor: AnyActorRef): AnyActorRef => {
    const known = shown.get(actor)
    if (known !== undefined) return known
    const run = actor._parent === undefined ? runOf(actor.id) : null
    if (run === null) return actor
    const child = new Proxy(actor, {
      get: (target, name) => (name === "_parent" ? run : (Reflect.get(target, name, target) as unknown))
    })
    shown.set(actor, child)
    return child
  }
  return (event) => inspect({ ...event, actorRef: below(event.actorRef as AnyActorRef) })
}

/** Observers of the system that come later are kept from doing harm, too. */
export const guardSystem = (system: AnyActorRef["system"], guards: ActorGuards): void => {
  const attach = system.inspect.bind(system)
  system.inspect = (inspect) => attach(guardedInspect({ ...guards, inspect }))
}

/** The actor itself; what its subscribers throw, now or later, is reported. */
export const guardSubscribers = <A extends AnyActorRef>(actor: A, { onError, within }: ActorGuards): A => {
  const subscribe = actor.subscribe.bind(actor) as (observer: Observer<unknown>) => unknown
  const where = `a subscriber of actor "${actor.id}"`
  const guarded = (call: () => unknown): void => within(() => callBack(call, (error) => onError(error, where)))
  return Object.assign(actor, {
    subscribe: (first?: Partial<Observer<unknown>> | Next, error?: Next, complete?: () => unknown) => {
      const observer = typeof first === "object" ? first : { next: first, error, complete }
      return subscribe({
        next: (snapshot) => guarded(() => observer.next?.(snapshot)),
        error: (failure) => guarded(() => observer.error?.(failure)),
        complete: () => guarded(() => observer.complete?.())
      })
    }
  })
}

type Next = (value: unknown) => unknown
