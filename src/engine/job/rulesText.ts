/** Rules as they are stored: what differs from those of a job that says nothing. */
import type { JobRules } from "../../job/rules.ts"
import { defaultRules } from "../../job/rules.ts"

export const rulesText = (rules: JobRules): string => {
  let text = storedRules.get(rules)
  if (text === undefined) {
    const differing = Object.entries(rules).filter(([field, value]) => value !== defaultRules[field as keyof JobRules])
    text = JSON.stringify(Object.fromEntries(differing))
    storedRules.set(rules, text)
  }
  return text
}

const storedRules = new WeakMap<JobRules, string>()
