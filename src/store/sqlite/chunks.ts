/** Statements of many rows, in a few fixed sizes. */

/** Sizes of many-row statements. Powers of two: any batch is a few statements, and few texts are kept prepared. */
export const chunkSizes = [256, 128, 64, 32, 16, 8, 4, 2, 1] as const

/** Splits `rows` into stretches of those sizes, in order. */
export const inChunks = <Row>(rows: ReadonlyArray<Row>): ReadonlyArray<ReadonlyArray<Row>> => {
  const chunks: Array<ReadonlyArray<Row>> = []
  let from = 0
  for (const size of chunkSizes) {
    for (; rows.length - from >= size; from += size) {
      chunks.push(from === 0 && rows.length === size ? rows : rows.slice(from, from + size))
    }
  }
  return chunks
}

/** The text of a statement for `rows` rows, made once per size. */
export const sized = (text: (rows: number) => string): ((rows: number) => string) => {
  const made = new Map<number, string>()
  return (rows) => {
    const known = made.get(rows)
    if (known !== undefined) {
      return known
    }
    const sql = text(rows)
    made.set(rows, sql)
    return sql
  }
}

/** `(?,?),(?,?)` for `rows` rows of `columns` columns. */
export const placeholders = (rows: number, columns: number): string =>
  Array(rows)
    .fill(`(${Array(columns).fill("?").join(",")})`)
    .join(",")
