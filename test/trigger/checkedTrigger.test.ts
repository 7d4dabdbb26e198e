/** What a trigger says that may be the user's code is believed only as far as it fits together. */
import { describe, expect, it } from "vitest"
import { unquoted } from "../../src/input/inWords.ts"
import {
  checkedCount,
  checkedNext,
  checkedPart,
  checkedPrevious,
  FaultyTriggerError
} from "../../src/trigger/checkedTrigger.ts"
import type { CountedPart, Trigger } from "../../src/trigger/trigger.ts"

const trigger = (own: Partial<Trigger>): Trigger => ({
  type: "mine",
  next: (after) => after + 10,
  toJSON: () => ({ type: "mine" }),
  ...own
})
const contradicts = (found: string) =>
  expect.objectContaining({ _tag: "FaultyTriggerError", reason: "contradicts", found }) as Error

describe("the next fire time", () => {
  it("is any later instant that a date can hold, or none", () => {
    const answer = (found: number | undefined) => checkedNext(trigger({ next: () => found }), 10)
    expect([answer(11), answer(8.64e15), answer(undefined)]).toEqual([11, 8.64e15, undefined])
    expect(checkedNext(trigger({ next: () => -8.64e15 }), -8.64e15 - 1)).toBe(-8.64e15)
    expect(() => checkedNext(trigger({ next: () => -8.64e15 - 1 }), -9e15)).toThrow(
      expect.objectContaining({ reason: "notAnInstant" })
    )
  })

  it("may take as long as is allowed, and no longer", () => {
    let nowMs = 5
    const taking = (ms: number) => trigger({ next: (after) => ((nowMs += ms), after + 1) })
    const budget = { budgetMs: 50, elapsedMs: () => nowMs }
    expect(checkedNext(taking(50), 10, budget)).toBe(11)
    expect(() => checkedNext(taking(51), 10, budget)).toThrow(
      'trigger "mine" asked for the fire time after 10 took 51 ms, allowed are 50 ms'
    )
  })
})

describe("the fire time before an instant", () => {
  const previous = (found: unknown, first = 20) =>
    checkedPrevious(trigger({ previous: () => found as number }), 100, first)

  it("is the one that was given, or the first where that lies before it or is none", () => {
    expect([previous(99), previous(20), previous(5), previous(undefined)]).toEqual([99, 20, 20, 20])
  })

  it("is no instant that is not before", () => {
    for (const found of [100, 101, 5.5, null])
      expect(() => previous(found)).toThrow(contradicts(`previous(100) gave ${String(found)}`))
  })
})

describe("a count", () => {
  const count = (found: unknown) => checkedCount(trigger({ count: () => found as number }), 10, 20)

  it("is from none to one each millisecond, or not known", () => {
    expect([count(0), count(10), count(undefined)]).toEqual([0, 10, undefined])
    expect(checkedCount(trigger({}), 10, 20)).toBeUndefined()
  })

  it("is nothing else", () => {
    for (const found of [-1, 11, 1.5, null])
      expect(() => count(found)).toThrow(contradicts(`count(10, 20) gave ${String(found)}`))
  })
})

describe("a part of a count", () => {
  const part = (found: unknown) => checkedPart(trigger({ countPart: () => found as CountedPart }), 10, 20, 1_000)

  it("ends within what was asked for; one that ends where it began is none", () => {
    expect(part({ count: 3, through: 15, more: 1 })).toEqual({ count: 3, through: 15 })
    expect(part({ count: 5, through: 15 })).toEqual({ count: 5, through: 15 })
    expect(part({ count: 0, through: 20 })).toEqual({ count: 0, through: 20 })
    expect([part({ count: 0, through: 10 }), part({ count: 0, through: 5 }), part(undefined)]).toEqual([
      undefined,
      undefined,
      undefined
    ])
    expect(checkedPart(trigger({}), 10, 20, 1_000)).toBeUndefined()
  })

  it("is asked for with as many steps as are allowed", () => {
    const asked: Array<unknown> = []
    const counting = trigger({
      countPart: (after, through, work) => {
        asked.push(after, through, { ...work })
        return { count: 0, through }
      }
    })
    checkedPart(counting, 10, 20, 1_000)
    expect(asked).toEqual([10, 20, { steps: 0, most: 1_000 }])
  })

  it.each([
    { count: 6, through: 15 },
    { count: -1, through: 15 },
    { count: 3, through: 21 },
    { count: 1.5, through: 15 },
    { count: 3, through: 15.5 },
    { count: 3 },
    null,
    "3"
  ])("is not %j", (found) => {
    expect(() => part(found)).toThrow(contradicts(`countPart(10, 20) gave ${unquoted(found)}`))
  })
})

describe("a faulty trigger", () => {
  it.each([
    ["threw", 'trigger "mine" asked for the fire time after 5 threw: no'],
    [
      "notAnInstant",
      'trigger "mine" asked for the fire time after 5 gave no, expected epoch milliseconds or undefined'
    ],
    ["notLater", 'trigger "mine" asked for the fire time after 5 gave no, expected a later instant'],
    ["slow", 'trigger "mine" asked for the fire time after 5 took no'],
    ["contradicts", 'trigger "mine", asked about fire times from 5 on, contradicts itself: no']
  ] as const)("that %s says so", (reason, message) => {
    expect(new FaultyTriggerError({ trigger: "mine", after: 5, reason, found: "no" }).message).toBe(message)
  })

  it("says what it threw, and keeps it", () => {
    const cause = new Error("no disk")
    const throwing = trigger({
      next: () => {
        throw cause
      },
      count: () => {
        throw cause
      }
    })
    expect(() => checkedNext(throwing, 5)).toThrow(
      expect.objectContaining({ reason: "threw", found: "no disk", cause })
    )
    expect(() => checkedCount(throwing, 5, 9)).toThrow(expect.objectContaining({ reason: "threw", after: 5, cause }))
  })

  it("that answers with a promise leaves no rejection behind", () => {
    const rejecting = trigger({ next: () => Promise.reject(new Error("later")) as unknown as number })
    expect(() => checkedNext(rejecting, 5)).toThrow(expect.objectContaining({ reason: "notAnInstant" }))
  })
})
