/**
 * A flat XState machine as a table: per state and event type the guarded transitions, in XState's order, then the eventless
 * ones. The engine steps jobs with it, at a fifth of what an actor costs. It starts no actor, runs no effect and gives no
 * output: a machine that needs any of that to decide is refused when it is compiled, and XState steps it instead. Actions of a transition
 * that change a draft share it: what each would copy is copied once.
 */
import { Data } from "effect"
import type { AnyStateMachine, ContextFrom, EventFromLogic, StateValueFrom } from "xstate"

/** Where a step led. */
export interface CompiledStep<Value, Context> {
  readonly value: Value
  readonly context: Context
}

/** The step function of one machine. Holds no state: any number of jobs share it. */
export interface CompiledMachine<Value, Context, Event> {
  /**
   * What XState's `machine.transition` would give as value and context. `undefined` when the state has no transition for
   * the event, or no guard lets it through; also in a final state. What a guard or an assignment throws is thrown on. The
   * state must be at rest: no eventless transition of it is open before the event. Throws where they never come to rest.
   */
  step(value: Value, context: Context, event: Event): CompiledStep<Value, Context> | undefined
}

/** The machine uses something that a table cannot do. `at`: the state, or the machine's own id; `found`: what it has there. */
export class UncompilableMachineError extends Data.TaggedError("UncompilableMachineError")<{
  readonly machine: string
  readonly at: string
  readonly found: string
}> {
  override get message(): string {
    return (
      `machine "${this.machine}" cannot be stepped as a table: ${this.found} at "${this.at}"; ` +
      `allowed are atomic and final states, function guards and assign actions`
    )
  }
}

/** Reads the machine once; fails with `UncompilableMachineError` by throwing it, since a machine is code, not input. */
export const compileMachine = <Machine extends AnyStateMachine>(
  machine: Machine
): CompiledMachine<StateValueFrom<Machine> & string, ContextFrom<Machine> & object, EventFromLogic<Machine>> => {
  type Value = StateValueFrom<Machine> & string
  type Context = ContextFrom<Machine> & object
  const table = readTable(machine)
  return {
    step: (value: Value, context: Context, event: { readonly type: string }) => {
      const transitions = table.get(value)
      if (transitions === undefined) throw new RangeError(`machine "${machine.id}" has no state "${value}"`)
      let row = chosen(transitions.on.get(event.type), context, event)
      if (row === undefined) return undefined
      let [state, next]: [string, object] = [value, context]
      for (let taken = 0; row !== undefined; taken++) {
        if (taken > mostEventless) throw new RangeError(`machine "${machine.id}" comes to no rest from "${value}"`)
        for (const assign of row.assigns) next = assign(next, event)
        state = row.target ?? state
        row = chosen(table.get(state)?.always, next, event)
      }
      return { value: state, context: next as Context }
    }
  }
}

type Guard = (step: { readonly context: object; readonly event: object }) => boolean
type Assign = (context: object, event: object) => object
/** What `assign` was given, or one field of it. */
type Assignment<Gives> = (step: AssignStep) => Gives

/** How an assignment that was made of a change to a draft does it, beside doing it alone. */
interface Drafted {
  readonly begin: (context: object, event: object) => object
  readonly change: (draft: object, event: object) => void
  readonly end: (draft: object) => object
}

interface Row {
  readonly guard: Guard | null
  /** `null`: the state stays. */
  readonly target: string | null
  readonly assigns: ReadonlyArray<Assign>
}

/** Transitions of a state, each list in the order in which they are tried. */
interface Rows {
  /** By event type. */
  readonly on: ReadonlyMap<string, ReadonlyArray<Row>>
  /** Eventless. */
  readonly always: ReadonlyArray<Row>
}

type Table = ReadonlyMap<string, Rows>

/** Eventless transitions that one event may take. */
const mostEventless = 100

const chosen = (rows: ReadonlyArray<Row> | undefined, context: object, event: object): Row | undefined => {
  if (rows === undefined) return undefined
  const step = { context, event }
  for (const row of rows) if (row.guard === null || row.guard(step)) return row
  return undefined
}

type Node = AnyStateMachine["root"]
type Transition = NonNullable<ReturnType<Node["transitions"]["get"]>>[number]

const readTable = (machine: AnyStateMachine): Table => {
  const { root } = machine
  if (root.type !== "compound") throw refusal(machine, root, `type "${root.type}"`)
  refuseExtras(machine, root)
  if (root.always !== undefined) throw refusal(machine, root, "always")
  const table = new Map<string, Rows>()
  for (const node of Object.values(root.states)) table.set(node.key, readState(machine, node))
  return table
}

const readState = (machine: AnyStateMachine, node: Node): Rows => {
  const rows = new Map<string, ReadonlyArray<Row>>()
  if (node.type !== "atomic" && node.type !== "final") throw refusal(machine, node, `type "${node.type}"`)
  refuseExtras(machine, node)
  if (node.type === "final") {
    if (node.transitions.size > 0 || node.always !== undefined)
      throw refusal(machine, node, "transitions out of a final state")
    return { on: rows, always: [] }
  }
  // A state's own transitions come before the machine's, which are tried when none of them is let through.
  for (const source of [node, machine.root]) {
    for (const [eventType, transitions] of source.transitions) {
      if (eventType.includes("*")) throw refusal(machine, source, `wildcard event "${eventType}"`)
      if (eventType.startsWith("xstate.")) throw refusal(machine, source, `event "${eventType}"`)
      rows.set(eventType, [
        ...(rows.get(eventType) ?? []),
        ...transitions.map((each) => readRow(machine, source, each))
      ])
    }
  }
  return { on: rows, always: (node.always ?? []).map((each) => readRow(machine, node, each)) }
}

/** Everything that happens besides taking a transition. */
const refuseExtras = (machine: AnyStateMachine, node: Node): void => {
  // Delays first: XState turns each into an entry and an exit action.
  if (node.after.length > 0) throw refusal(machine, node, "after")
  if (node.entry.length > 0) throw refusal(machine, node, "entry")
  if (node.exit.length > 0) throw refusal(machine, node, "exit")
  if (node.invoke.length > 0) throw refusal(machine, node, "invoke")
  // The machine's own is what an actor of it ends with; it decides nothing.
  if (node.output !== undefined && node !== machine.root) throw refusal(machine, node, "output")
}

const readRow = (machine: AnyStateMachine, source: Node, transition: Transition): Row => {
  const [target, ...further] = transition.target ?? []
  if (further.length > 0) throw refusal(machine, source, "a transition with several targets")
  if (target !== undefined && target.parent !== machine.root) throw refusal(machine, source, `target "${target.id}"`)
  return {
    guard: transition.guard === undefined ? null : readGuard(machine, source, transition.guard),
    target: target?.key ?? null,
    assigns: together(transition.actions.map((action) => readAssign(machine, source, action)))
  }
}

/** Neighbours that change a draft of one kind are one. */
const together = (assigns: ReadonlyArray<Assign | Drafted>): ReadonlyArray<Assign> => {
  const all: Array<Assign> = []
  for (let from = 0; from < assigns.length;) {
    const first = assigns[from]
    if (first === undefined || typeof first === "function") {
      if (first !== undefined) all.push(first)
      from += 1
      continue
    }
    const { begin, end } = first
    const changes: Array<Drafted["change"]> = []
    for (let each = assigns[from]; isLike(each, first); each = assigns[from]) {
      changes.push(each.change)
      from += 1
    }
    all.push((context, event) => {
      const draft = begin(context, event)
      for (const change of changes) change(draft, event)
      return withChanges(context, end(draft))
    })
  }
  return all
}

const isLike = (assign: Assign | Drafted | undefined, { begin, end }: Drafted): assign is Drafted =>
  typeof assign === "object" && assign.begin === begin && assign.end === end

const readGuard = (machine: AnyStateMachine, source: Node, given: unknown): Guard => {
  const guard = implementationOf(given, machine.implementations.guards)
  if (typeof guard !== "function") throw refusal(machine, source, `guard ${nameOf(given)}`)
  // Combined guards (`and`, `or`, `not`, `stateIn`) ask the snapshot, which a table does not have.
  if ("check" in guard) throw refusal(machine, source, `combined guard ${nameOf(given)}`)
  return guard as Guard
}

const readAssign = (machine: AnyStateMachine, source: Node, given: unknown): Assign | Drafted => {
  const action = implementationOf(given, machine.implementations.actions)
  if (
    typeof action !== "function" ||
    !("type" in action) ||
    action.type !== "xstate.assign" ||
    !("assignment" in action)
  ) {
    throw refusal(machine, source, `action ${nameOf(given)}`)
  }
  const { assignment } = action
  if (typeof assignment === "function") {
    if ("drafted" in assignment) return assignment.drafted as Drafted
    const update = assignment as Assignment<object>
    return (context, event) => withChanges(context, update(new AssignStep(context, event)))
  }
  if (typeof assignment !== "object" || assignment === null) throw refusal(machine, source, `action ${nameOf(given)}`)
  const parts = Object.entries(assignment as Record<string, unknown>)
  return (context, event) => {
    const step = new AssignStep(context, event)
    const next: Record<string, unknown> = { ...context }
    for (const [key, part] of parts) next[key] = typeof part === "function" ? (part as Assignment<unknown>)(step) : part
    return next
  }
}

/** One spread and a loop cost a fifth of two spreads. */
const withChanges = (context: object, changes: object): object => {
  const keys = Object.keys(changes)
  if (keys.length === 0) return context
  const next = { ...context } as Record<string, unknown>
  for (const key of keys) next[key] = (changes as Readonly<Record<string, unknown>>)[key]
  return next
}

/** What an assignment is called with. There is no actor: what belongs to one throws, it is not missing in silence. */
class AssignStep {
  readonly context: object
  readonly event: object
  constructor(context: object, event: object) {
    this.context = context
    this.event = event
  }
  get self(): never {
    throw new TypeError("a machine that is stepped as a table has no `self`")
  }
  get system(): never {
    throw new TypeError("a machine that is stepped as a table has no `system`")
  }
  get spawn(): never {
    throw new TypeError("a machine that is stepped as a table cannot spawn")
  }
}

/** A name or a `{ type }` without parameters stands for what `setup()` or `provide()` gave under it. */
const implementationOf = (given: unknown, named: Readonly<Record<string, unknown>>): unknown => {
  if (typeof given === "string") return named[given]
  if (typeof given === "object" && given !== null && "type" in given && !("params" in given))
    return named[String(given.type)]
  return given
}

const nameOf = (given: unknown): string => {
  if (typeof given === "string") return `"${given}"`
  if ((typeof given === "object" || typeof given === "function") && given !== null && "type" in given)
    return `"${String(given.type)}"`
  return typeof given === "function" && given.name !== "" ? `"${given.name}"` : "(inline)"
}

const refusal = (machine: AnyStateMachine, node: Node, found: string): UncompilableMachineError =>
  new UncompilableMachineError({ machine: machine.id, at: node.key, found })
