/** State charts of the machines as Mermaid text, and their places in the documents. */
import type { AnyEventObject, AnyStateMachine, AnyStateNode, MachineContext, TransitionDefinition } from "xstate"
import { executorMachine, jobMachine, schedulerMachine } from "../../machines/index.ts"

const machines: Readonly<Record<string, AnyStateMachine>> = {
  scheduler: schedulerMachine,
  executor: executorMachine,
  job: jobMachine
}

/**
 * One arrow for each pair of states, labelled with the events that lead from one to the other, or the guard that leads on by itself. What
 * the machine has for each of its states begins at `any`. What keeps the state is not drawn.
 */
export const chartOf = (machine: AnyStateMachine): string => {
  const arrows = new Map<string, Set<string>>()
  const states = Object.values(machine.states)
  const draw = (from: string, to: AnyStateNode | undefined, label: string): void => {
    if (to === undefined || to.key === from) return
    const arrow = `${from} --> ${to.key}`
    arrows.set(arrow, (arrows.get(arrow) ?? new Set<string>()).add(label))
  }
  for (const node of [...states, machine.root]) {
    const from = node === machine.root ? "any" : node.key
    for (const { eventType, guard, target } of transitionsOf(node)) {
      const label =
        eventType === ""
          ? `[${nameOf(guard)}]`
          : from === "any" && guard
            ? `${eventType} [${nameOf(guard)}]`
            : eventType
      for (const to of target ?? []) draw(from, to, label)
    }
  }
  const initial = machine.root.initial.target.map(({ key }) => `[*] --> ${key}`)
  const finals = states.filter(({ type }) => type === "final").map(({ key }) => `${key} --> [*]`)
  const labelled = [...arrows].map(([arrow, labels]) => `${arrow}: ${[...labels].join(", ")}`)
  return ["stateDiagram-v2", ...[...initial, ...labelled, ...finals].map((line) => `  ${line}`)].join("\n")
}

/** The rules of a machine in its own words, in the order in which they are tried: what happens, when, what is done, where it leads. */
export const rulesOf = (machine: AnyStateMachine): string =>
  [machine.root, ...Object.values(machine.states)]
    .map((node) => ({ node, transitions: transitionsOf(node) }))
    .filter(({ transitions }) => transitions.length > 0)
    .map(({ node, transitions }) => {
      const lines = transitions.map(({ eventType, guard, actions, target, description }) => {
        const when = [eventType, guard === undefined ? "" : `[${nameOf(guard)}]`].filter((part) => part !== "")
        const done = actions.map(nameOf).filter((name) => name !== "answerAnew")
        const does = done.length === 0 ? [] : ["/", done.join(", ")]
        const leads = target === undefined ? [] : ["→", target.map(({ key }) => key).join(", ")]
        return `- \`${[...when, ...does, ...leads].join(" ")}\`: ${description ?? ""}`
      })
      return [`**${node === machine.root ? "In any state" : `In \`${node.key}\``}**`, "", ...lines].join("\n")
    })
    .join("\n\n")

/** By events, then those without. */
const transitionsOf = (node: AnyStateNode): ReadonlyArray<TransitionDefinition<MachineContext, AnyEventObject>> => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? [])
]

const nameOf = (named: unknown): string =>
  typeof named === "object" && named !== null && "type" in named ? String(named.type) : String(named)

const place = /<!-- chart:(\w+) -->[^]*?<!-- \/chart -->/g
const rulesPlace = /<!-- rules:(\w+) -->[^]*?<!-- \/rules -->/g

/** The text with the charts and rules of today between its markers, `<!-- chart:job -->` and `<!-- /chart -->`. */
export const withCharts = (text: string): string =>
  text
    .replace(
      place,
      (_found, name: string) =>
        `<!-- chart:${name} -->\n\n\`\`\`mermaid\n${chartOf(machineNamed(name))}\n\`\`\`\n\n<!-- /chart -->`
    )
    .replace(
      rulesPlace,
      (_found, name: string) => `<!-- rules:${name} -->\n\n${rulesOf(machineNamed(name))}\n\n<!-- /rules -->`
    )

const machineNamed = (name: string): AnyStateMachine => {
  const machine = machines[name]
  if (machine === undefined) throw new RangeError(`no machine "${name}", expected ${Object.keys(machines).join(", ")}`)
  return machine
}

/** The charts that a text has places for. */
export const chartsIn = (text: string): ReadonlyArray<string> => [...text.matchAll(place)].map(([, name = ""]) => name)
