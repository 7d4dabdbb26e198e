/** The order in which jobs are listed, the same in every store. */
import type { JobRow } from "./jobStore.ts"

/** By next wake-up, jobs without one last, then by key, which is the order in which they were added. */
export const wakeOrder = (a: Pick<JobRow, "key" | "wakeAt">, b: Pick<JobRow, "key" | "wakeAt">): number =>
  a.wakeAt === b.wakeAt ? a.key - b.key : a.wakeAt === null ? 1 : b.wakeAt === null ? -1 : a.wakeAt - b.wakeAt

/** The first of many jobs in that order, whatever order they come in, without keeping all. */
export class Nearest<J extends Pick<JobRow, "key" | "wakeAt">> {
  private readonly limit: number
  private kept: Array<J> = []
  /** The last that still has a place, once there are more. */
  private last: J | null = null

  constructor(limit = Infinity) {
    this.limit = limit
  }

  /** True: more may follow. */
  add(job: J): true {
    if (this.last === null || wakeOrder(job, this.last) < 0) {
      this.kept.push(job)
      if (this.kept.length >= this.limit * 2 + 100) this.cut()
    }
    return true
  }

  inOrder(): ReadonlyArray<J> {
    this.cut()
    return this.kept
  }

  private cut(): void {
    this.kept.sort(wakeOrder)
    if (this.kept.length <= this.limit) return
    this.kept.length = this.limit
    this.last = this.kept.at(-1) ?? null
  }
}

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
