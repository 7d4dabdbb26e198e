/** The runs of one job by fire time, then key. Runs come with later and later fire times and go oldest first: both cost O(1). */
import type { EpochMillis } from "../../time/instant.ts"

export interface TimedRun {
  readonly key: number
  readonly fireAt: EpochMillis
  readonly request: number
}

/** Left of the list before it is moved to its beginning. */
const fewestLeft = 64

export class RunsByFireTime<R extends TimedRun> {
  /** From `start` on; before it are places of runs that have gone. */
  #runs: Array<R> = []
  #start = 0

  get size(): number {
    return this.#runs.length - this.#start
  }

  /** In order. */
  [Symbol.iterator](): Iterator<R> {
    return this.between(-Infinity, Infinity)
  }

  /** Those with a fire time in [from, to], in order. */
  *between(from: EpochMillis, to: EpochMillis): Generator<R, undefined> {
    for (let at = this.#placeOf(from, -Infinity); ; at++) {
      const run = this.#runs[at]
      if (run === undefined || run.fireAt > to) return
      yield run
    }
  }

  has(fireAt: EpochMillis, request: number): boolean {
    const last = this.#runs.at(-1)
    if (last === undefined || last.fireAt < fireAt) return false
    for (const run of this.between(fireAt, fireAt)) if (run.request === request) return true
    return false
  }

  add(run: R): void {
    const last = this.#runs.at(-1)
    if (last === undefined || this.size === 0 || isBefore(last, run.fireAt, run.key)) this.#runs.push(run)
    else this.#runs.splice(this.#placeOf(run.fireAt, run.key), 0, run)
  }

  delete(run: R): void {
    const at = this.#placeOf(run.fireAt, run.key)
    if (this.#runs[at] !== run) return
    if (at !== this.#start) this.#runs.splice(at, 1)
    else {
      this.#start += 1
      if (this.#start < fewestLeft || this.#start * 2 < this.#runs.length) return
      this.#runs = this.#runs.slice(this.#start)
      this.#start = 0
    }
  }

  /** The first place whose run is not before (fireAt, key). */
  #placeOf(fireAt: EpochMillis, key: number): number {
    let low = this.#start
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const run = this.#runs[middle]
      if (run !== undefined && isBefore(run, fireAt, key)) low = middle + 1
      else high = middle
    }
    return low
  }
}

const isBefore = (run: TimedRun, fireAt: EpochMillis, key: number): boolean =>
  run.fireAt < fireAt || (run.fireAt === fireAt && run.key < key)
