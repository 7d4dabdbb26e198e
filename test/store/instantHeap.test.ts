import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type HeapEntry, InstantHeap } from "../../src/store/instantHeap.ts"

const instant = fc.integer({ min: -5, max: 5 })
const step = fc.record({ key: fc.nat(20), at: fc.option(instant), through: instant, limit: fc.nat(25) })

describe("InstantHeap", () => {
  it("gives, after any adding, moving and removing, the keys up to an instant in order of instant, then key", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const heap = new InstantHeap()
        const model = new Map<number, HeapEntry>()
        for (const { key, at, through, limit } of steps) {
          const entry = model.get(key)
          if (entry === undefined) {
            if (at !== null) model.set(key, heap.add(at, key))
          } else if (at === null) {
            heap.remove(entry)
            model.delete(key)
          } else {
            heap.move(entry, at)
          }
          const ordered = [...model.values()].toSorted((a, b) => a.at - b.at || a.key - b.key)
          expect(heap.size).toBe(model.size)
          expect(heap.first()).toBe(ordered[0])
          expect(heap.through(through, limit)).toEqual(
            ordered
              .filter((other) => other.at <= through)
              .slice(0, limit)
              .map((other) => other.key)
          )
        }
      })
    )
  })
})
