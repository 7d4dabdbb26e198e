/** Long results are made into text some at a time: a hundred that come in one turn of the event loop would hold it for half a second. */
import type { Timers } from "../time/timers.ts"

/** Characters in one turn: some milliseconds. */
const textPerTurn = 500_000

export class ResultTexts {
  private readonly timers: Timers
  /** Characters that were made in this turn. */
  private written = 0
  private readonly unwritten: Array<() => void> = []

  constructor(timers: Timers) {
    this.timers = timers
  }

  /** A text of so many characters was made. */
  wrote(length: number): void {
    if (this.written === 0) this.timers.after(0, this.goOn)
    this.written += length
  }

  /** True where enough were made in this turn: `write` is called in one of the next. */
  postpone(write: () => void): boolean {
    if (this.written < textPerTurn) return false
    this.unwritten.push(write)
    return true
  }

  /** All that wait, now. */
  finish(): void {
    for (const write of this.unwritten.splice(0)) write()
  }

  private readonly goOn = (): void => {
    this.written = 0
    while (this.written < textPerTurn) {
      const write = this.unwritten.shift()
      if (write === undefined) return
      write()
    }
  }
}
