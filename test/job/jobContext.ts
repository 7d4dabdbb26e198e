/** A job in the state that a test needs, and what a decision says about its fire times. */
import type { AnswerEntry, JobContext } from "../../src/job/jobEvent.ts"
import { noAnswer } from "../../src/job/jobEvent.ts"
import type { JobRules } from "../../src/job/rules.ts"
import { defaultRules } from "../../src/job/rules.ts"
import type { LiveRun } from "../../src/job/run.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { newMemory } from "../../src/job/snapshot.ts"

/** Added at 0; its next fire time is 10. */
export const contextOf = (memory: Partial<JobMemory> = {}, rules: Partial<JobRules> = {}): JobContext => ({
  jobId: "daily",
  rules: { ...defaultRules, ...rules },
  memory: { ...newMemory(0, 10, false), ...memory },
  answer: noAnswer
})

/** A run whose first attempt is under way. */
export const run = (runKey: number, own: Partial<LiveRun> = {}): LiveRun => ({
  runKey,
  fireAt: runKey * 10,
  attempt: 1,
  retryAt: null,
  ...own
})

/** In short: `withdrawn 10-30 (3)`, `paused 11-20 (0)`, `coalesced 10-20 (2) into 7`. */
export const entryTexts = (entries: ReadonlyArray<AnswerEntry>): ReadonlyArray<string> =>
  entries.map(
    ({ kind, from, through, count, reason, into }) =>
      `${reason ?? kind} ${from}-${through} (${count})${into === null ? "" : ` into ${into}`}`
  )
