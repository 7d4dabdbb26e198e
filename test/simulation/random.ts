/** Chance from one integer: the same seed gives the same choices for ever (sfc32, seeded by splitmix32). */
export class Random {
  private a: number
  private b: number
  private c: number
  private count = 1

  constructor(seed: number) {
    let state = seed >>> 0
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0
      let mixed = state ^ (state >>> 16)
      mixed = Math.imul(mixed, 0x21f0aaad)
      mixed ^= mixed >>> 15
      mixed = Math.imul(mixed, 0x735a2d97)
      return (mixed ^ (mixed >>> 15)) >>> 0
    }
    this.a = next()
    this.b = next()
    this.c = next()
  }

  /** [0, 1). */
  fraction(): number {
    const sum = (this.a + this.b + this.count++) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum
    return (sum >>> 0) / 0x1_0000_0000
  }

  /** A whole number from `least` through `most`. */
  int(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<A>(choices: ReadonlyArray<A>): A {
    const chosen = choices[this.int(0, choices.length - 1)]
    if (chosen === undefined) throw new RangeError("nothing to pick from")
    return chosen
  }

  /** Small numbers are likely, large ones happen: log-uniform. */
  spread(least: number, most: number): number {
    return Math.round(least * (most / least) ** this.fraction())
  }
}
