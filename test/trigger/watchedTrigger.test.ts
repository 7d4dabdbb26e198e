import { describe, expect, it } from "vitest"
import { interval, intervalCodec } from "../../src/trigger/interval.ts"
import { watchedCodec } from "../../src/trigger/watchedTrigger.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"

const read = (): Trigger => {
  throw new Error("nothing is nested")
}

describe("a trigger under watch", () => {
  it("answers as the trigger itself while it keeps within the budget", () => {
    const spec = interval("1 second", { start: 0 }).toJSON()
    const plain = intervalCodec.fromJSON(spec, read)
    const watched = watchedCodec(intervalCodec, { budgetMs: 5, elapsedMs: () => 0 }).fromJSON(spec, read)
    expect([watched.next(500), watched.previous?.(5500), watched.count?.(0, 10_000), watched.toJSON()]).toEqual([
      plain.next(500),
      plain.previous?.(5500),
      plain.count?.(0, 10_000),
      spec
    ])
  })

  it("is faulty when an answer takes longer", () => {
    let nowMs = 0
    const slow: Trigger = { type: "slow", next: (after) => (nowMs += 6) + after, toJSON: () => ({ type: "slow" }) }
    const codec = watchedCodec({ type: "slow", fromJSON: () => slow }, { budgetMs: 5, elapsedMs: () => nowMs })
    expect(() => codec.fromJSON({ type: "slow" }, read).next(0)).toThrow(
      expect.objectContaining({ _tag: "FaultyTriggerError", reason: "slow" })
    )
  })
})
