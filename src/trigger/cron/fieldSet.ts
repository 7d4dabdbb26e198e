/** The allowed values of one field of the time of day, as tables that answer "the next one" in one look-up. */

/** Values 0 to `size - 1`, `size` at most 60. -1 means none. */
export interface FieldSet {
  /** The allowed values, ascending. */
  readonly values: ReadonlyArray<number>
  /** By value, up to and with `size`: the first allowed value that is not smaller. */
  readonly next: Int8Array
  /** By value: the last allowed value that is not larger. */
  readonly previous: Int8Array
  /** By value, up to and with `size`: how many allowed values are smaller. */
  readonly rank: Uint8Array
  readonly first: number
  readonly last: number
  readonly count: number
}

/** `values` are ascending, distinct, and at least one. */
export const fieldSet = (values: ReadonlyArray<number>, size: number): FieldSet => {
  const allowed = new Uint8Array(size)
  for (const value of values) allowed[value] = 1
  const next = new Int8Array(size + 1).fill(-1)
  for (let value = size - 1, found = -1; value >= 0; value--) {
    if (allowed[value] === 1) found = value
    next[value] = found
  }
  const previous = new Int8Array(size).fill(-1)
  const rank = new Uint8Array(size + 1)
  for (let value = 0, found = -1, count = 0; value < size; value++) {
    if (allowed[value] === 1) {
      found = value
      count += 1
    }
    previous[value] = found
    rank[value + 1] = count
  }
  return { values, next, previous, rank, first: values[0] ?? 0, last: values.at(-1) ?? 0, count: values.length }
}
