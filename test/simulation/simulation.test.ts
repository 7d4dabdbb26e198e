/** A few worlds under faults, each lived through twice. Hundreds, and what they have met: `simulation.proof.test.ts`. */
import { expect, it } from "vitest"
import { runSeed } from "./runSeed.ts"

it.each([1, 2, 3, 4])(
  "a simulated scheduler keeps its promises, and does the same again, with seed %i",
  async (seed) => {
    expect((await runSeed(seed)).failure).toBeNull()
  }
)
