/** Weekdays as numbers in which 0 and 7 are both Sunday, and the ranges of them. */

/**
 * The weekdays `from`, `from + step` … through `through` (each 0 to 7), as 0 to 6 in the order of the range. A range runs over what lies
 * between and wraps past Saturday: `0-7` is the whole week, `5-7` Friday to Sunday, `7-2` Sunday to Tuesday, `7` Sunday.
 */
export const weekdayRange = (from: number, through: number, step = 1): ReadonlyArray<number> => {
  const start = from === 7 && through !== 7 ? 0 : from
  const end = through >= start ? through : through + 7
  const values: Array<number> = []
  for (let value = start; value <= end; value += step) values.push(value % 7)
  return values
}
