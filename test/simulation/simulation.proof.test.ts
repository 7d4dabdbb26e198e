/** Two hundred worlds under faults, each lived through twice; what they met is counted, for a fault that never happens proves nothing. */
import { describe, expect, it } from "vitest"
import { regressionSeeds } from "./regressions.ts"
import { runSeed } from "./runSeed.ts"
import { Sometimes } from "./sometimes.ts"

const seeds = 200
const perTest = 25

describe("a simulated scheduler", () => {
  const met = new Sometimes()
  const blocks = Array.from({ length: seeds / perTest }, (_, block) => block * perTest + 1)

  it.each(blocks)("keeps its promises, and does the same again, from seed %i", async (from) => {
    for (let seed = from; seed < from + perTest; seed++) {
      const { failure, sometimes } = await runSeed(seed)
      expect(failure).toBeNull()
      met.add(sometimes)
    }
  })

  it.each(regressionSeeds)("keeps its promises with seed $seed: $found", async ({ seed }) => {
    expect((await runSeed(seed)).failure).toBeNull()
  })

  it.each([
    ...["crash between claim and start", "crash while a task runs", "crash between end and its commit"],
    ...["crash between commit and its answer", "lost commit answer", "degraded recovered", "start refused"],
    ...["more than 10 coalesced", "more than 10 queued", "more than 3 attempts", "done and declared again"],
    ...["parked: faultyTrigger", "parked: poison", "run cancelled", "run timedOut", "run interrupted"],
    ...["wall set back", "wall set forward", "misfired: late", "misfired: maxInstances", "misfired: withdrawn"],
    ...["misfired: invalidValue", "values of streams", "values while a commit is under way"],
    ...["sent to a run, executing", "sent to a run, put away", "event refused: the run is over"],
    ...["machine put away until an event", "events heard by a machine that has just been restored"]
  ])("has met: %s", (what) => {
    expect(met.counts.get(what) ?? 0).toBeGreaterThan(0)
  })
})
