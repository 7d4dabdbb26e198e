/** What a view is told. There are two: lines one after the other, and a screen that is drawn again and again. */
import type { Board } from "./jobBoard.ts"
import type { EventLine } from "./eventLines.ts"

export interface View {
  /** Something about the whole: what the crontab changed, what was missed. */
  note(text: string): void
  news(lines: ReadonlyArray<EventLine>, at: number): void
  jobs(board: Board): void
  /** What goes on as a whole, such as draining. */
  phase(text: string): void
  /** Gives the terminal back. Idempotent; the others must not be called after it. */
  close(): void
}
