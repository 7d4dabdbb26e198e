/** Answers are bounded by what their texts take, too: a thousand results of a megabyte are a gigabyte. */

/** The first of `list`, up to the one with which their texts take `bytes` in all; at least one, if there is one. */
export const withinBytes = <Row>(
  list: ReadonlyArray<Row>,
  bytesOf: (row: Row) => number,
  bytes: number | undefined
): ReadonlyArray<Row> => {
  if (bytes === undefined) return list
  let taken = 0
  for (const [index, row] of list.entries()) {
    taken += bytesOf(row)
    if (taken >= bytes) return list.slice(0, index + 1)
  }
  return list
}
