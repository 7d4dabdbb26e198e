/**
 * The first of many rows in an order, as far as they are known: all up to an edge, beyond which there may be others that nobody has looked
 * at. A change moves a row, adds it or takes it away; what moves past the edge is known no more.
 */

/** A row of a window. `key` is its own for good. */
export interface Placed {
  readonly key: string
}

export class OrderedWindow<Row extends Placed> {
  private rows: Array<Row> = []
  private readonly byKey = new Map<string, Row>()
  private edge: Row | null = null
  private readonly order: (a: Row, b: Row) => number
  private readonly most: number

  /** `order` tells any two apart. Of more than `most` rows the last are let go. */
  constructor(order: (a: Row, b: Row) => number, most: number) {
    this.order = order
    this.most = most
  }

  /** Begins anew. `edge`: rows beyond it are not known; `null`: these are all. */
  fill(rows: Iterable<Row>, edge: Row | null): void {
    this.byKey.clear()
    for (const row of rows) if (edge === null || this.order(row, edge) <= 0) this.byKey.set(row.key, row)
    this.rows = [...this.byKey.values()].sort(this.order)
    this.edge = edge
    this.cut()
  }

  get(key: string): Row | undefined {
    return this.byKey.get(key)
  }

  /** In order. */
  get all(): ReadonlyArray<Row> {
    return this.rows
  }

  /** Fewer than `limit` are known, and there may be more. */
  lacks(limit: number): boolean {
    return this.edge !== null && this.rows.length < limit
  }

  /** True: something has changed. */
  put(row: Row): boolean {
    const known = this.drop(row.key)
    if (this.edge !== null && this.order(row, this.edge) > 0) return known
    this.rows.splice(this.placeOf(row), 0, row)
    this.byKey.set(row.key, row)
    this.cut()
    return known || this.byKey.has(row.key)
  }

  /** True: it was there. */
  drop(key: string): boolean {
    const row = this.byKey.get(key)
    if (row === undefined) return false
    this.byKey.delete(key)
    this.rows.splice(this.placeOf(row), 1)
    return true
  }

  private cut(): void {
    if (this.rows.length <= this.most) return
    for (const { key } of this.rows.splice(this.most)) this.byKey.delete(key)
    this.edge = this.rows.at(-1) ?? this.edge
  }

  /** Where it stands, or would. */
  private placeOf(row: Row): number {
    let [from, to] = [0, this.rows.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      const there = this.rows[middle]
      if (there !== undefined && this.order(there, row) < 0) from = middle + 1
      else to = middle
    }
    return from
  }
}
