/** State charts of the machines as Mermaid text, and their places in the documents. */
import type { AnyStateMachine } from "xstate"
import { executorMachine, jobMachine, schedulerMachine } from "../../machines/index.ts"

const machines: Readonly<Record<string, AnyStateMachine>> = {
  scheduler: schedulerMachine,
  executor: executorMachine,
  job: jobMachine
}

/** One arrow for each pair of states, labelled with the events that lead from one to the other. What keeps the state is not drawn. */
export const chartOf = (machine: AnyStateMachine): string => {
  const arrows = new Map<string, Set<string>>()
  const states = Object.values(machine.states)
  for (const state of states) {
    for (const [event, transitions] of state.transitions) {
      for (const { target } of transitions) {
        for (const { key } of target ?? []) {
          if (key === state.key) continue
          const arrow = `${state.key} --> ${key}`
          arrows.set(arrow, (arrows.get(arrow) ?? new Set<string>()).add(event))
        }
      }
    }
  }
  const initial = machine.root.initial.target.map(({ key }) => `[*] --> ${key}`)
  const finals = states.filter(({ type }) => type === "final").map(({ key }) => `${key} --> [*]`)
  const labelled = [...arrows].map(([arrow, events]) => `${arrow}: ${[...events].join(", ")}`)
  return ["stateDiagram-v2", ...[...initial, ...labelled, ...finals].map((line) => `  ${line}`)].join("\n")
}

const place = /<!-- chart:(\w+) -->[^]*?<!-- \/chart -->/g

/** The text with the charts of today between its markers, `<!-- chart:job -->` and `<!-- /chart -->`. */
export const withCharts = (text: string): string =>
  text.replace(place, (_found, name: string) => {
    const machine = machines[name]
    if (machine === undefined)
      throw new RangeError(`no machine "${name}", expected ${Object.keys(machines).join(", ")}`)
    return `<!-- chart:${name} -->\n\n\`\`\`mermaid\n${chartOf(machine)}\n\`\`\`\n\n<!-- /chart -->`
  })

/** The charts that a text has places for. */
export const chartsIn = (text: string): ReadonlyArray<string> => [...text.matchAll(place)].map(([, name = ""]) => name)
