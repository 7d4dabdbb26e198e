import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Queued } from "../../../src/executor/inProcess/orderQueue.ts"
import { OrderQueue } from "../../../src/executor/inProcess/orderQueue.ts"

class Item implements Queued<Item> {
  before: Item | null = null
  behind: Item | null = null
}

describe("OrderQueue", () => {
  it("keeps the order of arrival, whoever leaves in between", () => {
    const step = fc.oneof(fc.constant("push"), fc.constant("shift"), fc.nat(20))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const queue = new OrderQueue<Item>()
        const expected: Array<Item> = []
        for (const step of steps) {
          if (step === "push") {
            const item = new Item()
            queue.push(item)
            expected.push(item)
          } else if (step === "shift") {
            expect(queue.shift()).toBe(expected.shift() ?? null)
          } else {
            const [item] = expected.splice(step, 1)
            if (item !== undefined) queue.remove(item)
          }
          expect(queue.length).toBe(expected.length)
        }
        for (const item of expected) expect(queue.shift()).toBe(item)
        expect(queue.shift()).toBeNull()
      })
    )
  })

  it("takes an item that has left again", () => {
    const queue = new OrderQueue<Item>()
    const [first, second] = [new Item(), new Item()]
    queue.push(first)
    queue.push(second)
    queue.remove(first)
    queue.push(first)
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([second, first, null])
  })
})
