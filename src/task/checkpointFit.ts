/** Whether a machine that was restored is what was saved, and which actors are in it. Knows nothing of tasks. */
import type { AnyActorRef } from "xstate"
import { stateText } from "./checkpoint.ts"

/** A persisted snapshot, as far as it is looked at. */
export interface Persisted {
  readonly status?: unknown
  readonly value?: unknown
  readonly children?: { readonly [id: string]: { readonly snapshot?: unknown } }
}

const childrenOf = (actor: AnyActorRef): ReadonlyArray<readonly [string, AnyActorRef]> => {
  const { children = {} } = (actor.getSnapshot() ?? {}) as {
    readonly children?: { readonly [id: string]: AnyActorRef }
  }
  return Object.entries(children)
}

/** Every actor of the machine that is part of its snapshot, with its place in it. */
export const pathsOf = (root: AnyActorRef): Map<AnyActorRef, ReadonlyArray<string>> => {
  const paths = new Map<AnyActorRef, ReadonlyArray<string>>([[root, []]])
  for (const [actor, path] of paths) for (const [id, child] of childrenOf(actor)) paths.set(child, [...path, id])
  return paths
}

/** Why a restored actor is not what was saved; `null`: it is. XState drops children that it does not find, and fills in states. */
export const misfitOf = (actor: AnyActorRef, saved: Persisted): string | null => {
  const restored = actor.getSnapshot() as {
    readonly status?: unknown
    readonly error?: unknown
    readonly value?: unknown
  }
  if (restored.status === "error" && saved.status !== "error")
    return restored.error instanceof Error ? restored.error.message : "it cannot be restored"
  if (restored.status !== "active") return `it is ${String(restored.status)} and cannot go on`
  if (!sameState(restored.value, saved.value)) return `it would be in state ${stateText(restored.value)}`
  const children = new Map(childrenOf(actor))
  for (const [id, { snapshot }] of Object.entries(saved.children ?? {})) {
    const child = children.get(id)
    if (child === undefined) return `its actor ${stateText(id)} is not there`
    if ((snapshot as Persisted | undefined)?.status !== "active") continue
    const reason = misfitOf(child, snapshot as Persisted)
    if (reason !== null) return `its actor ${stateText(id)}: ${reason}`
  }
  return null
}

const sameState = (a: unknown, b: unknown): boolean => {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b
  const [one, other] = [new Map(Object.entries(a)), new Map<string, unknown>(Object.entries(b))]
  return one.size === other.size && [...one].every(([key, value]) => other.has(key) && sameState(value, other.get(key)))
}

/** Whether a machine still has the state whose delay `type` ends. What else it may send itself is its own matter. */
export const hasDelay = (actor: AnyActorRef, type: string): boolean => {
  const { logic } = actor as { readonly logic?: { readonly events?: ReadonlyArray<string> } }
  return !type.startsWith("xstate.after.") || logic?.events === undefined || logic.events.includes(type)
}
