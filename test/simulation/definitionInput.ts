/** A definition of a plan as a caller gives it to the scheduler, with a mark by which it is known again on disk. */
import type { JobInput } from "../../src/job/jobOptions.ts"
import { triggerOf } from "./fireTimesOf.ts"
import type { Definition } from "./plan.ts"
import { epoch } from "./plan.ts"

export const inputOf = ({ number, id, trigger, start, end, rules, steps }: Definition): JobInput => ({
  id,
  task: steps === undefined ? "simulated" : "stepping",
  args: { definition: number },
  metadata: { definition: number },
  trigger: triggerOf(trigger),
  ...(start === undefined ? {} : { start: epoch + start }),
  ...(end === undefined ? {} : { end: epoch + end }),
  ...rules
})

/** The definition that a stored job was last given; `null`: none of the plan's. */
export const numberOf = (notes: string): number | null =>
  (JSON.parse(notes) as { readonly metadata?: { readonly definition?: number } }).metadata?.definition ?? null
