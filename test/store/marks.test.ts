/** Facts that one owner of a store leaves to the next. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { readForgotten } from "../../src/store/retentionMarks.ts"
import { sliceTurn, withTurns } from "../../src/store/sliceTurn.ts"
import { stopMark, stopMarkOf, stopWasAsked } from "../../src/store/stopMark.ts"

describe("what retention has forgotten", () => {
  it.each([
    [undefined, null],
    ["5000", 5000],
    ["-5", -5],
    ["0", 0],
    ["1.5", null],
    ["soon", null],
    ["1e300", null]
  ])("of the mark %j is %s", (mark, at) => {
    expect(readForgotten(mark)).toBe(at)
  })
})

describe("an owner was told to stop", () => {
  const asked = (mark: string | undefined, ...epochs: ReadonlyArray<number>) =>
    stopWasAsked(
      { marks: new Map(mark === undefined ? [] : [[stopMark, mark]]) },
      epochs.map((epoch) => ({ epoch }))
    )

  it("where all runs that it left are of its epoch or earlier", () => {
    expect(asked(stopMarkOf(4), 4, 3)).toBe(true)
    expect(asked(stopMarkOf(4), 4, 5)).toBe(false)
    expect(asked(stopMarkOf(4), 5, 4)).toBe(false)
  })

  it("not where there is no such mark, or none that can be read", () => {
    expect(asked(undefined, 1)).toBe(false)
    expect(asked("soon", 1)).toBe(false)
  })
})

describe("the turn between two slices of a read", () => {
  const taken = (asked?: string) => {
    const turns: Array<string> = []
    const turn = (name: string) => Effect.sync(() => void turns.push(name))
    const read = sliceTurn(turn("the store's"))
    Effect.runSync(asked === undefined ? read : withTurns(read, turn(asked)))
    return turns
  }

  it("is the store's own, unless who asks has said another", () => {
    expect([taken(), taken("the engine's")]).toEqual([["the store's"], ["the engine's"]])
  })
})
