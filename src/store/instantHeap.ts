/** An order of keys by instant, then key: adding, moving and removing cost O(log n), looking at the first `k` O(k log k). */
import type { EpochMillis } from "../time/instant.ts"

/** A place in the heap. `at` and `key` stay as they are while it is in there; `slot` belongs to the heap. */
export interface HeapEntry {
  readonly key: number
  readonly at: EpochMillis
  slot: number
}

/** One that the heap has made. Its owner keeps it, to move or remove it. */
export interface MovableEntry extends HeapEntry {
  at: EpochMillis
}

/** A binary heap of entries that know their slot, so nothing stale is ever left in it. */
export class InstantHeap {
  readonly #entries: Array<HeapEntry> = []

  get size(): number {
    return this.#entries.length
  }

  /** The earliest entry; among equals the one with the smallest key. */
  first(): HeapEntry | undefined {
    return this.#entries[0]
  }

  add(at: EpochMillis, key: number): MovableEntry {
    const entry: MovableEntry = { key, at, slot: -1 }
    this.insert(entry)
    return entry
  }

  /** The same for an entry of the owner's own, which is in no heap. */
  insert(entry: HeapEntry): void {
    entry.slot = this.#entries.length
    this.#entries.push(entry)
    this.#rise(entry)
  }

  move(entry: MovableEntry, at: EpochMillis): void {
    entry.at = at
    this.#rise(entry)
    this.#sink(entry)
  }

  remove(entry: HeapEntry): void {
    const last = this.#entries.pop()
    if (last === undefined || last === entry) {
      return
    }
    this.#put(last, entry.slot)
    this.#rise(last)
    this.#sink(last)
  }

  /** The entries in order, as far as they are asked for. The heap is left as it is, and must be meanwhile. */
  *inOrder(): Generator<HeapEntry, undefined> {
    const frontier: Array<HeapEntry> = []
    this.#offer(frontier, 0)
    for (let next = takeFirst(frontier); next !== undefined; next = takeFirst(frontier)) {
      yield next
      this.#offer(frontier, 2 * next.slot + 1)
      this.#offer(frontier, 2 * next.slot + 2)
    }
  }

  /** Keys of entries with `at` ≤ `through`, in order, at most `limit`. */
  through(through: EpochMillis, limit: number): Array<number> {
    const keys: Array<number> = []
    if (limit > 0)
      for (const { at, key } of this.inOrder()) {
        if (at > through) break
        keys.push(key)
        if (keys.length >= limit) break
      }
    return keys
  }

  #offer(frontier: Array<HeapEntry>, slot: number): void {
    const entry = this.#entries[slot]
    if (entry !== undefined) {
      insert(frontier, entry)
    }
  }

  #rise(entry: HeapEntry): void {
    while (entry.slot > 0) {
      const parent = this.#entries[(entry.slot - 1) >> 1]
      if (parent === undefined || !before(entry, parent)) {
        return
      }
      this.#swap(entry, parent)
    }
  }

  #sink(entry: HeapEntry): void {
    for (;;) {
      const left = this.#entries[2 * entry.slot + 1]
      const right = this.#entries[2 * entry.slot + 2]
      const child = left !== undefined && right !== undefined && before(right, left) ? right : left
      if (child === undefined || !before(child, entry)) {
        return
      }
      this.#swap(entry, child)
    }
  }

  #swap(a: HeapEntry, b: HeapEntry): void {
    const slot = a.slot
    this.#put(a, b.slot)
    this.#put(b, slot)
  }

  #put(entry: HeapEntry, slot: number): void {
    this.#entries[slot] = entry
    entry.slot = slot
  }
}

const before = (a: HeapEntry, b: HeapEntry): boolean => a.at < b.at || (a.at === b.at && a.key < b.key)

/** Into a small binary heap of its own; the entries' slots stay those of the big one. */
const insert = (heap: Array<HeapEntry>, entry: HeapEntry): void => {
  let slot = heap.length
  heap.push(entry)
  while (slot > 0) {
    const up = (slot - 1) >> 1
    const parent = heap[up]
    if (parent === undefined || !before(entry, parent)) {
      return
    }
    heap[slot] = parent
    heap[up] = entry
    slot = up
  }
}

const takeFirst = (heap: Array<HeapEntry>): HeapEntry | undefined => {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || first === last) {
    return first
  }
  let slot = 0
  for (;;) {
    const leftSlot = 2 * slot + 1
    const left = heap[leftSlot]
    const right = heap[leftSlot + 1]
    const takeRight = left !== undefined && right !== undefined && before(right, left)
    const child = takeRight ? right : left
    if (child === undefined || !before(child, last)) {
      heap[slot] = last
      return first
    }
    heap[slot] = child
    slot = takeRight ? leftSlot + 1 : leftSlot
  }
}
