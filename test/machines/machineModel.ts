/** A machine as `xstate/graph` explores it: the paths through it, and which of its transitions they take. */
import { expect } from "vitest"
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from "xstate"
import { createActor } from "xstate"
import { createTestModel } from "xstate/graph"

/** What explores a machine. */
export interface Exploration<Context, Event extends EventObject> {
  readonly machine: AnyStateMachine
  readonly input?: unknown
  /** Every event worth trying in a state. */
  readonly events: (value: string, context: Context) => ReadonlyArray<Event>
  /** What decides, beside the state's name, where an event leads; must take finitely many values. */
  readonly facts: (context: Context) => unknown
  /** Further events, of situations that are too many to walk to. */
  readonly further?: ReadonlyArray<{ readonly value: string; readonly context: Context; readonly event: Event }>
  /** Checked after each transition. */
  readonly holds?: (value: string, context: Context) => void
}

/** What the exploration found. */
export interface Explored {
  /** State → event → states it led to, each sorted. */
  readonly edges: Readonly<Record<string, Readonly<Record<string, ReadonlyArray<string>>>>>
  /** Transitions that the machine has and no event took, as `state.event[index]`; eventless ones as `state.always[index]`. */
  readonly untaken: ReadonlyArray<string>
  readonly unreached: ReadonlyArray<string>
}

/** What `getAdjacencyMap` gives, without its branded keys. */
type Adjacency<Event> = Readonly<
  Record<
    string,
    {
      readonly state: AnyMachineSnapshot
      readonly transitions: Readonly<Record<string, { readonly event: Event; readonly state: AnyMachineSnapshot }>>
    }
  >
>

/** Takes every event in every state, then replays the shortest path to each state on a live actor. */
export const explore = async <Context, Event extends EventObject>(
  exploration: Exploration<Context, Event>
): Promise<Explored> => {
  const { machine, input, events, facts, holds } = exploration
  const contextOf = (snapshot: AnyMachineSnapshot): Context => snapshot.context as Context
  const nameOf = (snapshot: AnyMachineSnapshot): string => String(snapshot.value)
  const model = createTestModel(machine, {
    input,
    events: (snapshot: AnyMachineSnapshot) => events(nameOf(snapshot), contextOf(snapshot)),
    serializeState: (snapshot: AnyMachineSnapshot) =>
      `${nameOf(snapshot)} ${JSON.stringify(facts(contextOf(snapshot)))}`,
    // One that has ended takes nothing, whatever is written for every state.
    stopWhen: (snapshot: AnyMachineSnapshot) => snapshot.status === "done",
    limit: 100_000
  })

  const all = [machine.root, ...Object.values(machine.states)].flatMap((node) => [
    ...[...node.transitions].flatMap(([type, list]) =>
      list.map((transition, index) => ({ name: `${node.key}.${type}[${index}]`, transition }))
    ),
    ...(node.always ?? []).map((transition, index) => ({ name: `${node.key}.always[${index}]`, transition }))
  ])
  const eventless = new Set<unknown>(
    all.filter(({ name }) => name.includes(".always[")).map(({ transition }) => transition)
  )
  const taken = new Set<unknown>()
  const take = (transition: unknown): void => {
    eventless.delete(transition)
    taken.add(transition)
  }
  const edges = new Map<string, Map<string, Set<string>>>()
  const states = new Set<string>()
  for (const { state, transitions } of Object.values(model.getAdjacencyMap() as unknown as Adjacency<Event>)) {
    states.add(nameOf(state))
    for (const { event, state: next } of Object.values(transitions)) {
      const chosen = machine.getTransitionData(state, event)
      if (chosen.length === 0) continue
      for (const transition of chosen) taken.add(transition)
      if (eventless.size > 0) for (const transition of microsteps(machine, state, event)) take(transition)
      const byEvent = within(edges, nameOf(state), () => new Map<string, Set<string>>())
      within(byEvent, event.type, () => new Set<string>()).add(nameOf(next))
      holds?.(nameOf(next), contextOf(next))
    }
  }

  for (const { value, context, event } of exploration.further ?? [])
    for (const transition of microsteps(machine, machine.resolveState({ value, context }), event)) take(transition)

  for (const path of model.getShortestPaths()) {
    const actor = createActor(machine, { input }).start()
    await path.test({
      events: Object.fromEntries(machine.events.map((type) => [type, ({ event }) => actor.send(event)])),
      states: {
        "*": (expected: AnyMachineSnapshot) => {
          const snapshot = actor.getSnapshot() as AnyMachineSnapshot
          expect(snapshot.value).toBe(expected.value)
          expect(facts(contextOf(snapshot))).toEqual(facts(contextOf(expected)))
          expect(snapshot.status).toBe(snapshot.value === finalOf(machine) ? "done" : "active")
          holds?.(nameOf(snapshot), contextOf(snapshot))
        }
      }
    })
  }

  return {
    edges: Object.fromEntries(
      [...edges].map(([state, byEvent]) => [
        state,
        Object.fromEntries([...byEvent].map(([type, to]) => [type, [...to].sort()]))
      ])
    ),
    untaken: all.filter(({ transition }) => !taken.has(transition)).map(({ name }) => name),
    unreached: Object.keys(machine.states).filter((state) => !states.has(state))
  }
}

/** Every transition that the event leads through. */
const microsteps = (
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: EventObject
): ReadonlyArray<unknown> => {
  const transitions: Array<unknown> = []
  const actor = createActor(machine, {
    snapshot,
    inspect: (inspected) => {
      if (inspected.type === "@xstate.microstep") transitions.push(...inspected._transitions)
    }
  }).start()
  actor.send(event)
  return transitions
}

const finalOf = (machine: AnyStateMachine): string | undefined =>
  Object.values(machine.states).find((node) => node.type === "final")?.key

const within = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
