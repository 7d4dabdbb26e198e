/** Events that callers send to the runs of machines, and steps that wait for them. */
import type { Definition, Operation, Plan, StepPlan } from "./plan.ts"
import { minute, second } from "./plan.ts"
import type { Random } from "./random.ts"

/** Some steps of machines become waits for an event; events come at any time, many of them beside something else that happens. */
export const withEvents = (chance: Random, plan: Plan): Plan => {
  if (chance.chance(0.2) || plan.definitions.every(({ steps }) => steps === undefined)) return plan
  const hearing = chance.pick([0, 0.3, 0.6])
  const definitions = plan.definitions.map((definition): Definition => {
    const { steps } = definition
    if (steps === undefined) return definition
    return { ...definition, steps: steps.map((step) => (chance.chance(hearing) ? hear(chance) : step)) }
  })
  const ids = [...new Set(definitions.map(({ id }) => id))]
  const machines = ids.filter((id) => definitions.some((definition) => definition.id === id && definition.steps))
  const ats = plan.operations.map(({ at }) => at)
  const near = (at: number): number => Math.max(0, at + chance.pick([-1, 0, 0, 1, chance.int(-second, second)]))
  const sends = Array.from({ length: chance.spread(10, 120) }, (): Operation => {
    const at = chance.chance(0.4) ? near(chance.pick(ats)) : chance.int(0, plan.length)
    const to = chance.chance(0.85) ? "live" : "over"
    const id = chance.pick(chance.chance(0.9) ? machines : ids)
    return { at, do: "send", id, to, events: chance.pick([1, 1, 1, 2, 3]) }
  })
  const operations = [...plan.operations, ...sends].toSorted((a, b) => a.at - b.at)
  return { ...plan, definitions, operations }
}

const hear = (chance: Random): StepPlan => ({
  does: "hear",
  ms: chance.chance(0.5) ? null : chance.pick([2 * second, 6 * second, chance.spread(5 * second, 2 * minute)])
})
