/** What the job's machine makes of an event: event in, decision out. What it does not take changes nothing. */
import { jobMachine } from "../../machines/jobMachine.ts"
import { compileMachine } from "../../src/engine/writer/compiledMachine.ts"
import type { DueFireTimes } from "../../src/job/dueFireTimes.ts"
import type { Coming } from "../../src/job/fireTimeEvents.ts"
import { fireTimeEvents } from "../../src/job/fireTimeEvents.ts"
import type { JobAnswer, JobContext, JobEvent } from "../../src/job/jobEvent.ts"
import type { JobDecision } from "../../src/job/jobDraft.ts"
import { JobDraft } from "../../src/job/jobDraft.ts"
import { stateOf } from "../../src/job/snapshot.ts"

const table = compileMachine(jobMachine)

export const decided = (context: JobContext, event: JobEvent): JobDecision =>
  table.step(stateOf(context.memory), context, event)?.context ?? context

/** What one rule makes of an event by itself. */
export const deciding =
  <E extends JobEvent>(rule: (draft: JobDraft, event: E) => void) =>
  (context: JobContext, event: E): JobDecision => {
    const draft = new JobDraft(context, event)
    rule(draft, event)
    return draft.decision()
  }

/** What it makes of all that a trigger answered, told event by event as the engine tells it. */
export const decidedOnAll = (context: JobContext, due: DueFireTimes, coming: Coming): JobDecision => {
  const answers: Array<JobAnswer> = []
  let { memory } = context
  for (const event of fireTimeEvents(context.memory, context.rules, due, coming)) {
    const decision = decided({ ...context, memory }, event)
    answers.push(decision.answer)
    memory = decision.memory
    if (memory.nextFireAt !== event.nextFireAt) break
  }
  return { memory, answer: together(answers) }
}

/** Several answers as one. */
export const together = (answers: ReadonlyArray<JobAnswer>): JobAnswer => ({
  claims: answers.flatMap(({ claims }) => claims),
  retries: answers.flatMap(({ retries }) => retries),
  ended: answers.flatMap(({ ended }) => ended),
  cancels: answers.flatMap(({ cancels }) => cancels),
  entries: answers.flatMap(({ entries }) => entries)
})
