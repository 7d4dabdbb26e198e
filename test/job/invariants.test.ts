/** What is true of a job whatever happens to it, in whatever order. `JobWalk` checks it after every step. */
import fc from "fast-check"
import { describe, it } from "vitest"
import { JobWalk } from "./jobWalk.ts"
import { anyMoves, anyRules, anyTrigger } from "./walkArbitrary.ts"

const perWake = fc.constantFrom(2, 3, 1000)

describe("a job on a random walk", () => {
  it("ends every fire time in exactly one place and keeps within its rules", () => {
    fc.assert(
      fc.property(anyRules, anyTrigger, perWake, anyMoves, (rules, trigger, perWake, moves) => {
        const walk = new JobWalk(rules, trigger, perWake)
        for (const move of moves) walk.make(move)
      }),
      { seed: 20261121, numRuns: 400 }
    )
  })

  it("comes to rest with nothing owed once it is resumed and its runs end", () => {
    fc.assert(
      fc.property(anyRules, anyTrigger, perWake, anyMoves, (rules, trigger, perWake, moves) => {
        const walk = new JobWalk(rules, { ...trigger, endAt: 500 }, perWake)
        for (const move of moves) walk.make(move)
        walk.finish()
      }),
      { seed: 20261121, numRuns: 400 }
    )
  })
})
