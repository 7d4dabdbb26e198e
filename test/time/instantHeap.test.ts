import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { entryAt, InstantHeap, type MovableEntry } from "../../src/time/instantHeap.ts"

const instant = fc.integer({ min: -5, max: 5 })
const step = fc.record({ key: fc.nat(20), at: fc.option(instant), through: instant, limit: fc.nat(25) })

describe("InstantHeap", () => {
  it("gives, after any adding, moving and removing, the keys up to an instant in order of instant, then key", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const heap = new InstantHeap()
        const model = new Map<number, MovableEntry>()
        for (const { key, at, through, limit } of steps) {
          const entry = model.get(key)
          if (entry === undefined) {
            if (at === null) continue
            const added = entryAt(at, key)
            heap.insert(added)
            model.set(key, added)
          } else if (at === null) {
            expect([heap.remove(entry), heap.remove(entry)]).toEqual([true, false])
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
        const ordered = [...model.values()].toSorted((a, b) => a.at - b.at || a.key - b.key)
        expect(ordered.map(() => heap.take())).toEqual(ordered)
        expect([heap.take(), heap.first(), heap.size]).toEqual([undefined, undefined, 0])
      })
    )
  })

  it("takes nothing out for an entry that another heap holds", () => {
    const [one, other] = [new InstantHeap(), new InstantHeap()]
    const [mine, its] = [entryAt(1, 1), entryAt(1, 1)]
    one.insert(mine)
    other.insert(its)
    expect([one.remove(its), one.size, other.size]).toEqual([false, 1, 1])
  })
})
