/** The end of what a command prints, however much that is: lines as they come, the last few kept. */

/** Characters that are kept, and the longest line. */
export const maxKept = 4_000
const maxLine = 500

/** Lines of one command that are told; the rest is only kept. */
const maxTold = 500

export class OutputTail {
  private readonly tell: (lines: ReadonlyArray<string>) => void
  private kept = ""
  private rest = ""
  private told = 0

  constructor(tell: (lines: ReadonlyArray<string>) => void) {
    this.tell = tell
  }

  /** What was printed last, at most `maxKept` characters. */
  get text(): string {
    return wellFormed(this.kept)
  }

  take(text: string): void {
    this.kept = (this.kept + text).slice(-maxKept)
    const lines = (this.rest + text).split("\n")
    this.rest = (lines.pop() ?? "").slice(-maxLine)
    this.told += lines.length
    if (lines.length > 0 && this.told <= maxTold) this.tell(lines.map((line) => wellFormed(line.slice(0, maxLine))))
  }

  /** A last line without an end is a line. */
  end(): void {
    if (this.rest !== "" && this.told < maxTold) this.tell([wellFormed(this.rest)])
    this.rest = ""
  }
}

/** A cut may go through a pair of surrogates, and half a pair is no text that a store takes. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd")
