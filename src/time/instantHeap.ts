/**
 * What waits for an instant, earliest first: timers, wake-ups, what grows old. A binary heap of entries that know their slot, so nothing
 * stale is ever left in it: adding, moving and removing cost O(log n), looking at the first `k` O(k log k).
 */

/** A place in the heap. `at` and `key` stay as they are while it is in there; `slot` belongs to the heap. */
export interface HeapEntry {
  /** Milliseconds, of whatever clock its owner keeps. */
  readonly at: number
  /** Decides among equal instants: the smaller comes first. */
  readonly key: number
  slot: number
}

/** One that `move` may move. */
export interface MovableEntry extends HeapEntry {
  at: number
}

/** An entry that is in no heap yet. */
export const entryAt = (at: number, key: number): MovableEntry => ({ at, key, slot: none })

/** The slot of an entry that is in no heap. */
const none = -1

export class InstantHeap<T extends HeapEntry = MovableEntry> {
  readonly #entries: Array<T> = []

  get size(): number {
    return this.#entries.length
  }

  /** The earliest, left where it is; among equals the one with the smallest key. */
  first(): T | undefined {
    return this.#entries[0]
  }

  /** One that is in no heap. */
  insert(entry: T): void {
    entry.slot = this.#entries.length
    this.#entries.push(entry)
    this.#rise(entry)
  }

  move(entry: T & MovableEntry, at: number): void {
    entry.at = at
    this.#rise(entry)
    this.#sink(entry)
  }

  /** False when it is not in here: it was taken out before. */
  remove(entry: T): boolean {
    const { slot } = entry
    if (this.#entries[slot] !== entry) return false
    entry.slot = none
    const last = this.#entries.pop()
    if (last !== undefined && last !== entry) {
      this.#put(last, slot)
      this.#rise(last)
      this.#sink(last)
    }
    return true
  }

  /** Takes the earliest out. */
  take(): T | undefined {
    const first = this.first()
    if (first !== undefined) this.remove(first)
    return first
  }

  /** The entries in order, as far as they are asked for. The heap is left as it is, and must be meanwhile. */
  *inOrder(): Generator<T, undefined> {
    const frontier = new InstantHeap<Reached<T>>()
    const reach = (slot: number): void => {
      const entry = this.#entries[slot]
      if (entry !== undefined) frontier.insert({ at: entry.at, key: entry.key, slot: none, entry })
    }
    reach(0)
    for (let next = frontier.take(); next !== undefined; next = frontier.take()) {
      const { entry } = next
      yield entry
      reach(2 * entry.slot + 1)
      reach(2 * entry.slot + 2)
    }
  }

  /** Keys of entries with `at` ≤ `through`, in order, at most `limit`. */
  through(through: number, limit: number): Array<number> {
    const keys: Array<number> = []
    if (limit > 0)
      for (const { at, key } of this.inOrder()) {
        if (at > through) break
        keys.push(key)
        if (keys.length >= limit) break
      }
    return keys
  }

  #rise(entry: T): void {
    while (entry.slot > 0) {
      const parent = this.#entries[(entry.slot - 1) >> 1]
      if (parent === undefined || !before(entry, parent)) return
      this.#swap(entry, parent)
    }
  }

  #sink(entry: T): void {
    for (;;) {
      const left = this.#entries[2 * entry.slot + 1]
      const right = this.#entries[2 * entry.slot + 2]
      const child = left !== undefined && right !== undefined && before(right, left) ? right : left
      if (child === undefined || !before(child, entry)) return
      this.#swap(entry, child)
    }
  }

  #swap(a: T, b: T): void {
    const { slot } = a
    this.#put(a, b.slot)
    this.#put(b, slot)
  }

  #put(entry: T, slot: number): void {
    this.#entries[slot] = entry
    entry.slot = slot
  }
}

/** An entry of another heap, whose own slot stays as it is. */
interface Reached<T> extends HeapEntry {
  readonly entry: T
}

const before = (a: HeapEntry, b: HeapEntry): boolean => a.at < b.at || (a.at === b.at && a.key < b.key)
