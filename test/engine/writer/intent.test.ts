/** A caller's command as an intent. */
import { describe, expect, it } from "vitest"
import { command, weightOf } from "../../../src/engine/writer/intent.ts"
import { makeUnit } from "./jobs.ts"

describe("a command", () => {
  it("gives its caller what it gave last, once that is on disk", () => {
    const told: Array<unknown> = []
    let times = 0
    const settle = { resolve: (value: number) => told.push(value), reject: (error: unknown) => told.push(error) }
    const intent = command({ keys: [1] }, () => (times += 1), settle)
    intent.committed()
    expect(told).toEqual([])
    intent.apply(makeUnit())
    intent.apply(makeUnit())
    intent.committed()
    intent.failed("no")
    expect([told, intent.keys]).toEqual([[2, "no"], [1]])
  })

  it("weighs one, unless it says what it weighs", () => {
    const settle = { resolve: () => undefined, reject: () => undefined }
    expect(command({}, () => 1, settle).weight).toBe(1)
    expect(command({ weight: 7 }, () => 1, settle).weight).toBe(7)
  })
})

it("weighs as many jobs as there are, or one for each 2,048 characters if that is more", () => {
  expect([weightOf(3, 0), weightOf(3, 3 * 2048), weightOf(3, 5 * 2048), weightOf(1, 2047)]).toEqual([3, 3, 5, 1])
})
