/** What waits for an instant, earliest first; among equals, first come first. A binary heap: adding and taking cost O(log n). */

/** `dueAt` in milliseconds of whatever clock its owner keeps; `order` counts up as they come. */
export interface Due {
  readonly dueAt: number
  readonly order: number
}

export class DueHeap<T extends Due> {
  private readonly entries: Array<T> = []

  get size(): number {
    return this.entries.length
  }

  /** The earliest, left where it is. */
  get first(): T | undefined {
    return this.entries[0]
  }

  /** In no order. */
  [Symbol.iterator](): Iterator<T> {
    return this.entries[Symbol.iterator]()
  }

  push(entry: T): void {
    const heap = this.entries
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (parent === undefined || !before(entry, parent)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = entry
  }

  /** Takes the earliest out. */
  pop(): T | undefined {
    const heap = this.entries
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) this.sink(last, 0)
    return first
  }

  /** Takes out all that `wanted` is false of, in O(n): for an owner who marks entries instead of searching for them. */
  retain(wanted: (entry: T) => boolean): void {
    const heap = this.entries
    let kept = 0
    for (const entry of heap) if (wanted(entry)) heap[kept++] = entry
    heap.length = kept
    for (let at = (kept >> 1) - 1; at >= 0; at--) {
      const entry = heap[at]
      if (entry !== undefined) this.sink(entry, at)
    }
  }

  /** Puts `entry` at `at` or below, where it belongs. */
  private sink(entry: T, start: number): void {
    const heap = this.entries
    let at = start
    for (;;) {
      const childAt = 2 * at + 1
      const left = heap[childAt]
      if (left === undefined) break
      const right = heap[childAt + 1]
      const useRight = right !== undefined && before(right, left)
      const child = useRight ? right : left
      if (!before(child, entry)) break
      heap[at] = child
      at = useRight ? childAt + 1 : childAt
    }
    heap[at] = entry
  }
}

const before = (a: Due, b: Due): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order)
