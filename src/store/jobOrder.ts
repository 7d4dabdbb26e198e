/** The order in which jobs are listed, the same in every store. */
import type { JobRow } from "./jobStore.ts"

/** By next wake-up, jobs without one last, then by id. */
export const wakeOrder = (a: JobRow, b: JobRow): number =>
  a.wakeAt === b.wakeAt ? textOrder(a.id, b.id) : a.wakeAt === null ? 1 : b.wakeAt === null ? -1 : a.wakeAt - b.wakeAt

/** By code point, as SQLite orders UTF-8; `<` alone would put U+1F600 before U+FFFD. */
export const textOrder = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const difference = inCodePointOrder(a.charCodeAt(index)) - inCodePointOrder(b.charCodeAt(index))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Moves surrogates, which stand for the code points past U+FFFF, above all other code units. */
const inCodePointOrder = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)
