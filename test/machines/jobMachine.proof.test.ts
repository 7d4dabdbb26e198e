/** The long walk: every state that anything tells apart, some 1,700, and every event in each. */
import { expect, it } from "vitest"
import { everything, exploreJob, found } from "./jobExploration.ts"

it("leads from every state that a job can be in where the chart says", { timeout: 120_000 }, () => {
  expect(exploreJob(everything)).toEqual(found)
})
