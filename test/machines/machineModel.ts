/**
 * A machine as `xstate/graph` explores it: the paths through it, and which of its transitions they take. Checks with `node:assert`: the
 * runner's own `expect` would cost more than all else, tens of thousands of times.
 */
import { deepStrictEqual, strictEqual } from "node:assert"
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from "xstate"
import { createActor } from "xstate"
import { getAdjacencyMap } from "xstate/graph"

/** What explores a machine. */
export interface Exploration<Context, Event extends EventObject> {
  readonly machine: AnyStateMachine
  readonly input?: unknown
  /** Every event worth trying in a state. */
  readonly events: (value: string, context: Context) => ReadonlyArray<Event>
  /** What decides, beside the state's name, where an event leads; must take finitely many values. */
  readonly facts: (context: Context) => unknown
  /** Further events, of situations that are too many, or too far, to walk to. Where they lead is in `edges`, too. */
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
  /** Those whose guard let every event through that came to it. */
  readonly unguarding: ReadonlyArray<string>
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
export const explore = <Context, Event extends EventObject>(exploration: Exploration<Context, Event>): Explored => {
  const { machine, events, facts, holds } = exploration
  const keyOf = (snapshot: AnyMachineSnapshot): string =>
    `${nameOf(snapshot)} ${JSON.stringify(facts(contextOf(snapshot)))}`
  const contextOf = (snapshot: AnyMachineSnapshot): Context => snapshot.context as Context
  const adjacency = getAdjacencyMap(machine, {
    input: exploration.input,
    events: (snapshot: AnyMachineSnapshot) => events(nameOf(snapshot), contextOf(snapshot)),
    serializeState: keyOf,
    // One that has ended takes nothing, whatever is written for every state.
    stopWhen: (snapshot: AnyMachineSnapshot) => snapshot.status === "done",
    limit: 100_000
  } as never) as unknown as Adjacency<Event>

  const all = transitionsOf(machine)
  const eventless = new Set<unknown>(
    all.filter(({ name }) => name.includes(".always[")).map(({ transition }) => transition)
  )
  const taken = new Set<unknown>()
  const take = (transition: unknown): void => {
    eventless.delete(transition)
    taken.add(transition)
  }
  const edges = new Map<string, Map<string, Set<string>>>()
  const lead = (from: AnyMachineSnapshot, event: Event, to: AnyMachineSnapshot): void => {
    const byEvent = within(edges, nameOf(from), () => new Map<string, Set<string>>())
    within(byEvent, event.type, () => new Set<string>()).add(nameOf(to))
    holds?.(nameOf(to), contextOf(to))
  }
  const states = new Set<string>()
  const passed = new Set<unknown>()
  for (const { state, transitions } of Object.values(adjacency)) {
    states.add(nameOf(state))
    for (const { event, state: next } of Object.values(transitions)) {
      const chosen = machine.getTransitionData(state, event)
      for (const transition of passedOver(machine, nameOf(state), event.type, chosen[0])) passed.add(transition)
      if (chosen.length === 0) continue
      for (const transition of chosen) taken.add(transition)
      if (eventless.size > 0) for (const transition of microsteps(machine, state, event).taken) take(transition)
      lead(state, event, next)
    }
  }
  for (const { value, context, event } of exploration.further ?? []) {
    const from = machine.resolveState({ value, context })
    const steps = microsteps(machine, from, event)
    for (const transition of steps.taken) take(transition)
    if (steps.taken.length > 0) lead(from, event, steps.to)
  }
  replay(exploration, adjacency, keyOf)

  return {
    edges: Object.fromEntries(
      [...edges].map(([state, byEvent]) => [
        state,
        Object.fromEntries([...byEvent].map(([type, to]) => [type, [...to].sort()]))
      ])
    ),
    untaken: all.filter(({ transition }) => !taken.has(transition)).map(({ name }) => name),
    unguarding: all
      .filter(({ transition }) => transition.guard !== undefined && transition.eventType !== "")
      .filter(({ transition }) => !passed.has(transition))
      .map(({ name }) => name),
    unreached: Object.keys(machine.states).filter((state) => !states.has(state))
  }
}

/** A live actor goes the shortest path to each state that no other such path leads through, and is at each step what was found. */
const replay = <Context, Event extends EventObject>(
  { machine, input, holds }: Exploration<Context, Event>,
  adjacency: Adjacency<Event>,
  keyOf: (snapshot: AnyMachineSnapshot) => string
): void => {
  // The map is in the order of discovery, so who leads to a state first is on the shortest path to it.
  const [first = ""] = Object.keys(adjacency)
  const cameBy = new Map<string, { readonly from: string; readonly event: Event }>()
  for (const [from, { transitions }] of Object.entries(adjacency))
    for (const { event, state } of Object.values(transitions)) {
      const to = keyOf(state)
      if (to !== first && !cameBy.has(to)) cameBy.set(to, { from, event })
    }
  const inner = new Set([...cameBy.values()].map(({ from }) => from))
  const final = finalOf(machine)
  for (const end of Object.keys(adjacency).filter((key) => !inner.has(key))) {
    const path: Array<{ readonly event: Event; readonly to: string }> = []
    for (let [to, step] = [end, cameBy.get(end)]; step !== undefined; [to, step] = [step.from, cameBy.get(step.from)])
      path.unshift({ event: step.event, to })
    const actor = createActor(machine, { input }).start()
    for (const { event, to } of path) {
      actor.send(event)
      const snapshot = actor.getSnapshot() as AnyMachineSnapshot
      const expected = adjacency[to]?.state
      strictEqual(snapshot.value, expected?.value)
      deepStrictEqual(snapshot.context, expected?.context)
      strictEqual(snapshot.status, snapshot.value === final ? "done" : "active")
      holds?.(nameOf(snapshot), snapshot.context as Context)
    }
  }
}

const nameOf = (snapshot: AnyMachineSnapshot): string => String(snapshot.value)

const transitionsOf = (machine: AnyStateMachine) =>
  [machine.root, ...Object.values(machine.states)].flatMap((node) => [
    ...[...node.transitions].flatMap(([type, list]) =>
      list.map((transition, index) => ({ name: `${node.key}.${type}[${index}]`, transition }))
    ),
    ...(node.always ?? []).map((transition, index) => ({ name: `${node.key}.always[${index}]`, transition }))
  ])

/** The transitions that were tried before the one that was taken, or all. */
const passedOver = (machine: AnyStateMachine, state: string, type: string, taken: unknown): ReadonlyArray<unknown> => {
  const tried = [machine.states[state], machine.root].flatMap((node) => node?.transitions.get(type) ?? [])
  const at = tried.findIndex((transition) => transition === taken)
  return at === -1 ? tried : tried.slice(0, at)
}

/** Every transition that the event leads through, and where it leads. */
const microsteps = (
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: EventObject
): { readonly taken: ReadonlyArray<unknown>; readonly to: AnyMachineSnapshot } => {
  const taken: Array<unknown> = []
  const actor = createActor(machine, {
    snapshot,
    inspect: (inspected) => {
      if (inspected.type === "@xstate.microstep") taken.push(...inspected._transitions)
    }
  }).start()
  actor.send(event)
  return { taken, to: actor.getSnapshot() as AnyMachineSnapshot }
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
