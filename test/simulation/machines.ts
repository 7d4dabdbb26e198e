/** Jobs whose task is a machine that saves its steps: what it does, and whose workers die under it. */
import type { Definition, FaultKind, Operation, Plan, StepPlan, WorkerDeath } from "./plan.ts"
import { minute, second } from "./plan.ts"
import type { Random } from "./random.ts"

/** Waits of one machine together, so that each comes to its end in the time of rest. */
const longestWaitMs = 4 * minute

export const withMachines = (chance: Random, plan: Plan): Plan => {
  // By a wrong clock hours ahead a wait is as long.
  const far = plan.operations.some((operation) => operation.do === "stepWall" && Math.abs(operation.ms) > 2 * minute)
  if (plan.culprit !== null || far) return plan
  const ids = [...new Set(plan.definitions.map(({ id }) => id))]
  const machines = new Set(ids.filter(() => chance.chance(0.6)))
  if (machines.size === 0) return plan
  const definitions = plan.definitions.map((definition): Definition => {
    const { rules, behaviours } = definition
    if (machines.has(definition.id)) {
      const retry =
        rules.retry === null
          ? chance.chance(0.5)
            ? { attempts: chance.int(2, 5), backoff: chance.pick([0, second]), factor: 1, maxBackoff: second }
            : null
          : { ...rules.retry, backoff: Math.min(rules.retry.backoff, minute), maxBackoff: minute }
      return { ...definition, rules: { ...rules, retry }, steps: stepsOf(chance, plan.length) }
    }
    // Whoever never ends would keep the slots that machines wait for.
    return {
      ...definition,
      behaviours: behaviours.map((behaviour) => (behaviour.does === "hang" ? { does: "instant" } : behaviour))
    }
  })
  const deaths = chance.chance(0.5)
    ? Array.from({ length: chance.int(1, 3) }, (): WorkerDeath => ({
        n: chance.spread(1, 40),
        afterMs: chance.pick([0, 1, second, chance.spread(10, 20 * second)]),
        times: chance.pick([1, 1, 2, 3, 4]),
        how: chance.pick(["failed", "interrupted"])
      }))
    : []
  // Steps that follow each other faster than the store takes them.
  const outages = chance.chance(0.5)
    ? Array.from({ length: chance.int(1, 3) }, (): Operation => {
        const how: FaultKind = chance.pick(["slow", "slow", "before", "after", "mixed"])
        return { at: chance.int(0, plan.length), do: "outage", how, ms: chance.spread(second, 30 * second) }
      })
    : []
  const operations = [...plan.operations, ...outages].toSorted((a, b) => a.at - b.at)
  const narrow = chance.chance(0.4) ? { concurrency: chance.int(1, 3) } : {}
  return { ...plan, ...narrow, definitions, operations, deaths }
}

const stepsOf = (chance: Random, length: number): ReadonlyArray<StepPlan> => {
  const waitMs = (): number =>
    chance.pick([
      second,
      4999,
      5000,
      chance.spread(5 * second, Math.min(longestWaitMs, Math.max(20 * second, length / 4)))
    ])
  const workMs = (): number => chance.pick([0, 0, 1, chance.spread(10, Math.min(30 * second, length / 8))])
  return Array.from({ length: chance.int(1, 6) }, (): StepPlan => {
    const kind = chance.fraction()
    if (kind < 0.4) return { does: "wait", ms: waitMs() }
    if (kind < 0.6) return { does: "fail", error: chance.pick(["Again", "Never"]), ms: workMs() }
    return { does: "work", ms: workMs() }
  })
}
