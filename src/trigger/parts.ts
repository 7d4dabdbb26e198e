/** How large a trigger that is made of triggers may be, so that one answer of it stays cheap. */
import { InvalidTriggerError } from "./invalidTrigger.ts"
import type { Trigger } from "./trigger.ts"

/** How many triggers one may be made of, itself counted; one that is used twice counts twice, as each is asked and stored. */
export const maxParts = 1000
/** How deep triggers may nest. */
export const maxDepth = 32

/** `trigger`, which is made of `inner`. Throws `InvalidTriggerError` for one that is too large or too deep. */
export const composed = (inner: ReadonlyArray<Trigger>, trigger: Trigger): Trigger => {
  let [parts, depth] = [1, 1]
  for (const each of inner) {
    const size = sizes.get(each)
    parts += size?.parts ?? 1
    depth = Math.max(depth, 1 + (size?.depth ?? 1))
  }
  const refuse = (field: string, found: string, expected: string) =>
    new InvalidTriggerError({ trigger: trigger.type, field, found, expected })
  if (parts > maxParts) throw refuse("parts", `${parts} triggers`, `at most ${maxParts}, with those inside them`)
  if (depth > maxDepth) throw refuse("depth", `${depth} levels`, `at most ${maxDepth}`)
  sizes.set(trigger, { parts, depth })
  return trigger
}

/** Of those that are made of others; any other trigger is one part. */
const sizes = new WeakMap<Trigger, { readonly parts: number; readonly depth: number }>()
