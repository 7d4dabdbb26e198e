/**
 * A wall that is hours or days ahead, and set right: beyond three hours jobs go on by themselves, at once or at the next start. Their
 * triggers are slow, since whatever lies between is accounted for one by one.
 */
import type { Definition, Plan, TriggerPlan } from "./plan.ts"
import { day, hour, minute, second } from "./plan.ts"
import type { Random } from "./random.ts"

/** Fire times are no closer. */
const closest = 10 * minute

export const withCorrections = (chance: Random, plan: Plan): Plan => {
  if (plan.culprit !== null || !chance.chance(0.1)) return plan
  const operations = [...plan.operations]
  for (let n = chance.int(1, 3); n > 0; n--) {
    const at = chance.int(0, Math.floor(plan.length / 2))
    const ahead = chance.pick([
      3 * hour,
      3 * hour + minute,
      chance.spread(3 * hour, 3 * day),
      chance.spread(3 * hour, 3 * day)
    ])
    const ends = at + chance.pick([0, 1, chance.spread(second, plan.length / 3)])
    const short = chance.pick([0, 0, 0, 1, chance.int(-minute, minute)])
    operations.push({ at, do: "stepWall", ms: ahead }, { at: ends, do: "stepWall", ms: short - ahead })
    // Somebody dies by the wrong clock, and comes back by the right one.
    if (chance.chance(0.3))
      operations.push({
        at: chance.int(at, ends),
        do: "crash",
        away: chance.spread(second, plan.length / 2),
        redefine: []
      })
  }
  return { ...plan, definitions: plan.definitions.map(slower), operations: operations.toSorted((a, b) => a.at - b.at) }
}

const slower = (definition: Definition): Definition => ({ ...definition, trigger: slowerTrigger(definition.trigger) })

const slowerTrigger = (trigger: TriggerPlan): TriggerPlan => {
  switch (trigger.kind) {
    case "interval":
    case "lying":
    case "delay":
      return { ...trigger, every: Math.max(closest, trigger.every) }
    case "uneven":
      return { ...trigger, scale: Math.max(closest, trigger.scale) }
    case "cron":
      return {
        ...trigger,
        expression:
          trigger.expression.split(" ").length === 6 || trigger.expression.startsWith("*/")
            ? "*/10 * * * *"
            : trigger.expression
      }
    default:
      return trigger
  }
}
