/** What several actions of one transition decide, each for itself: nothing of what was decided before is lost. */
import { expect, it } from "vitest"
import { JobDraft } from "../../src/job/jobDraft.ts"
import { noAnswer } from "../../src/job/jobEvent.ts"
import { contextOf, run } from "./jobContext.ts"

const single = (at: number) => ({ from: at, through: at, count: 1 })
const decide = (draft: JobDraft, fireAt: number) => {
  draft.claim(fireAt)
  draft.retry(run(fireAt))
  draft.end(run(fireAt), "failed", null)
  draft.cancel(fireAt)
  draft.misfire(single(fireAt), "late")
  return draft.decision().answer
}

it("an action adds to what those before it have decided, in that order", () => {
  const event = { type: "due", firstRunKey: 7 } as const
  const first = decide(new JobDraft(contextOf(), event), 10)
  const both = decide(new JobDraft({ ...contextOf(), answer: first }, event), 20)
  expect(both).toMatchObject({
    claims: [
      { runKey: 7, fireAt: 10 },
      { runKey: 8, fireAt: 20 }
    ],
    retries: [{ runKey: 10 }, { runKey: 20 }],
    ended: [{ run: { runKey: 10 } }, { run: { runKey: 20 } }],
    cancels: [10, 20],
    entries: [single(10), single(20)]
  })
  expect([first.claims.length, first.cancels, first.entries.length]).toEqual([1, [10], 1])
})

it("the answer to the event before is forgotten when the next comes", () => {
  const event = { type: "due", firstRunKey: 7 } as const
  const draft = new JobDraft({ ...contextOf(), answer: decide(new JobDraft(contextOf(), event), 10) }, event)
  draft.answerAnew()
  expect(draft.decision().answer).toBe(noAnswer)
})
