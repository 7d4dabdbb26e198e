/** What marked sources and the hooks of `setup.ts` tell the worker, in the process of the tests. */

declare global {
  var mutants: Traces
}

/** One test, by the id that vitest gives it; the same in each run. */
export type TestId = string

export interface TestTrace {
  readonly passed: ReadonlySet<number>
  readonly turns: number
  readonly tookMs: number
}

/** A test may take this many times the turns of its loops that it takes without a change, and so many more. */
const turnFactor = 20
const turnsMore = 100_000

/** Thrown out of a loop; whoever catches it meets it again at the next turn of any loop. */
class EndlessLoop extends Error {
  override readonly name = "EndlessLoop"
}

export class Traces {
  /** One byte a mark. */
  readonly passed: Uint8Array
  /** Marks passed while no test ran: as the file was loaded, and in hooks of a suite. */
  betweenTests = new Set<number>()
  readonly tests = new Map<TestId, TestTrace>()
  /** The tests to run; all where it is not set. */
  chosen: ReadonlySet<TestId> | undefined = undefined
  isEndless = false
  private turns = 0
  private enteredAt = 0
  private mostTurns = Number.POSITIVE_INFINITY
  private open = 0

  constructor(marks: number) {
    this.passed = new Uint8Array(marks)
  }

  /** Forgets what was chosen and traced, for the next file of tests. */
  reset(chosen: ReadonlySet<TestId> | undefined, mostTurns: number): void {
    this.take()
    this.betweenTests = new Set()
    this.chosen = chosen
    this.isEndless = false
    this.turns = 0
    this.mostTurns = mostTurns
    this.open = 0
  }

  readonly turn = (): void => {
    if (++this.turns > this.mostTurns) {
      this.isEndless = true
      throw new EndlessLoop()
    }
  }

  enter(test: TestId): void {
    this.open += 1
    const before = this.take()
    // Of tests that run at one time it can't be said which one passed a mark.
    for (const mark of before) this.betweenTests.add(mark)
    this.enteredAt = performance.now()
    const known = this.tests.get(test)
    if (known === undefined) return
    this.turns = 0
    this.mostTurns = known.turns * turnFactor + turnsMore
  }

  /** Notes what `test` passed, unless an earlier run has. */
  leave(test: TestId): void {
    this.open -= 1
    const passed = this.take()
    if (this.open > 0) for (const mark of passed) this.betweenTests.add(mark)
    const tookMs = performance.now() - this.enteredAt
    if (!this.tests.has(test)) this.tests.set(test, { passed: new Set(passed), turns: this.turns, tookMs })
  }

  /** The marks passed since it was last asked. */
  take(): ReadonlyArray<number> {
    const passed: Array<number> = []
    for (let mark = this.passed.indexOf(1); mark !== -1; mark = this.passed.indexOf(1, mark + 1)) passed.push(mark)
    this.passed.fill(0)
    return passed
  }
}
