/** Attempts that wait for a slot, first in, first out. A linked list: any of them leaves at once, and nothing is left of it. */

/** What can stand in a queue; the links belong to the queue. */
export interface Queued<T> {
  before: T | null
  behind: T | null
}

/** Each item stands in at most one queue, once. */
export class OrderQueue<T extends Queued<T>> {
  private first: T | null = null
  private last: T | null = null
  private count = 0

  get length(): number {
    return this.count
  }

  push(item: T): void {
    item.before = this.last
    item.behind = null
    if (this.last === null) this.first = item
    else this.last.behind = item
    this.last = item
    this.count += 1
  }

  /** The one that has waited longest; `null` when nobody waits. */
  shift(): T | null {
    const item = this.first
    if (item !== null) this.remove(item)
    return item
  }

  /** Takes out an item that stands in this queue. */
  remove(item: T): void {
    if (item.before === null) this.first = item.behind
    else item.before.behind = item.behind
    if (item.behind === null) this.last = item.before
    else item.behind.before = item.before
    item.before = null
    item.behind = null
    this.count -= 1
  }
}
