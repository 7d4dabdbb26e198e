import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DueHeap } from "../../src/time/dueHeap.ts"

describe("DueHeap", () => {
  it("gives what waits by instant, and equals in the order in which they came", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (instants) => {
        const heap = new DueHeap()
        const entries = instants.map((dueAt, order) => ({ dueAt, order }))
        for (const entry of entries) heap.push(entry)
        expect(heap.size).toBe(entries.length)
        const taken = entries.map(() => heap.pop())
        expect(taken).toEqual(entries.toSorted((a, b) => a.dueAt - b.dueAt || a.order - b.order))
        expect([heap.first, heap.pop()]).toEqual([undefined, undefined])
      }),
      { seed: 1 }
    )
  })

  it("shows the earliest and leaves it where it is", () => {
    const heap = new DueHeap()
    for (const [order, dueAt] of [5, 3, 4].entries()) heap.push({ dueAt, order })
    expect([heap.first, heap.size]).toEqual([{ dueAt: 3, order: 1 }, 3])
    expect([...heap].map(({ dueAt }) => dueAt).sort()).toEqual([3, 4, 5])
  })

  it("keeps its order when some are taken out", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 5 }),
        (instants, kept) => {
          const heap = new DueHeap()
          const entries = instants.map((dueAt, order) => ({ dueAt, order }))
          for (const entry of entries) heap.push(entry)
          const wanted = entries.filter(({ order }) => order % kept === 0)
          heap.retain(({ order }) => order % kept === 0)
          expect(heap.size).toBe(wanted.length)
          expect(wanted.map(() => heap.pop())).toEqual(
            wanted.toSorted((a, b) => a.dueAt - b.dueAt || a.order - b.order)
          )
        }
      ),
      { seed: 1 }
    )
  })
})
