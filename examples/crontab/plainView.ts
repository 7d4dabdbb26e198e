/** One line for everything that happens, for logs and pipes. */
import type { Board } from "./jobBoard.ts"
import { scheduleText } from "./jobBoard.ts"
import type { View } from "./view.ts"
import { fitted, printable, timeText, widthOf } from "./wording.ts"

export interface PlainOptions {
  readonly print: (line: string) => void
  readonly now: () => number
  readonly timezone: string
}

/** The jobs are listed once, the first time they are told. */
export const plainView = ({ print: raw, now, timezone }: PlainOptions): View => {
  let listed = false
  const print = (line: string) => raw(printable(line))
  const stamped = (text: string, at: number) => print(`${timeText(at, at, timezone)} ${text}`)
  return {
    note: (text) => stamped(text, now()),
    phase: (text) => stamped(text, now()),
    news: (lines, at) => {
      for (const { text } of lines) stamped(text, at)
    },
    jobs: (board) => {
      if (listed) return
      listed = true
      for (const line of jobList(board, now(), timezone)) print(line)
    },
    close: () => {}
  }
}

/** Each job with its schedule and next fire time. */
export const jobList = (board: Board, now: number, timezone: string): ReadonlyArray<string> => {
  const rows = [...board.values()].map(({ record }) => [
    record.id,
    scheduleText({ record }),
    record.nextFireAt === null ? record.state : `next ${timeText(record.nextFireAt, now, timezone)}`
  ])
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => widthOf(row[column] ?? ""))))
  return rows.map((row) =>
    `  ${row.map((text, column) => fitted(text, widths[column] ?? widthOf(text))).join("  ")}`.trimEnd()
  )
}
