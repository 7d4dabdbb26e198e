/** Executors whose attempts outlive the scheduler: one that keeps the contract, and ones that lose or mistake what they left. */
import { describe, expect, it } from "vitest"
import { violations } from "./brokenExecutor.ts"
import type { Flaws } from "./outlivingExecutor.ts"
import { outliving } from "./outlivingExecutor.ts"

const leaves = "a close leaves attempts alone that outlive it, and tells nothing of them"
const adopted = "an attempt under way is adopted, takes its slot, and its end is told once, to the new one's listener"
const ended = "an attempt that has ended while nobody was there is adopted and settled as well"
const another = "another attempt of a run than the one under way is not adopted"
const obeys = "an adopted attempt can be cancelled, and its timeout goes on"

describe("an executor whose attempts outlive the scheduler", () => {
  it("keeps the contract", async () => {
    expect(await violations(outliving())).toEqual([])
  })

  it.each<[string, Partial<Flaws>, string]>([
    ["that tells those who are gone", { tellsTheDead: true }, leaves],
    ["that forgets what has ended meanwhile", { forgetsTheEnded: true }, ended],
    ["that tells an adopted attempt's end twice", { tellsTwice: true }, adopted],
    ["that gives adopted attempts no slot", { forgetsSlots: true }, adopted],
    ["that takes any attempt of a run", { takesAnyAttempt: true }, another],
    ["that cannot cancel what it has adopted", { cancelsNone: true }, obeys],
    ["that ends what it hands on", { endsAndHandsOn: true }, adopted]
  ])("%s is found out", async (_what, flaws, clause) => {
    expect(await violations(outliving(flaws).filter(({ name }) => name === clause))).toEqual([clause])
  })
})
