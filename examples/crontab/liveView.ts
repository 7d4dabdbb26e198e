/** The live view as lines of text: state in, lines out. Pure; `now` is an argument. */
import type { EventLine } from "./eventLines.ts"
import type { Board, BoardJob } from "./jobBoard.ts"
import { scheduleText } from "./jobBoard.ts"
import { comingText, counted, fitted, printable, spanText, timeText, wrapped } from "./wording.ts"

export interface LiveState {
  readonly title: string
  readonly board: Board
  /** What is to stay in sight, such as what became of fire times while nothing ran. */
  readonly notes: ReadonlyArray<string>
  /** What happened, oldest first. */
  readonly news: ReadonlyArray<EventLine & { readonly at: number }>
  readonly phase: string
}

export interface Frame {
  readonly width: number
  readonly height: number
  readonly now: number
  readonly timezone: string
  readonly colour: boolean
}

/** At most `height` lines of at most `width` columns. Jobs that do not fit are counted; news fills what is left. */
export const liveLines = (state: LiveState, frame: Frame): ReadonlyArray<string> => {
  const { width, height, now, timezone } = frame
  const jobs = [...state.board.values()]
  const running = jobs.filter(({ record }) => record.state === "running").length
  const head = [
    paint(fitted(state.title, width), "bold", frame),
    fitted(`${timeText(now, now, timezone)} ${timezone} · ${counted(jobs.length, "job")}, ${running} running`, width),
    ...state.notes.flatMap((note) => wrapped(note, width)).slice(0, Math.floor(height / 4)),
    ""
  ]
  const foot = ["", paint(fitted(state.phase, width), "dim", frame)]
  const space = Math.max(0, height - head.length - foot.length)
  const table = tableLines(jobs, Math.max(2, space - leastNews(space)), frame)
  const news = newsLines(state.news, space - table.length, frame)
  return [...head, ...table, ...news, ...foot].slice(0, height)
}

/** Lines that news has in any case. */
const leastNews = (space: number): number => (space < 8 ? 0 : Math.min(10, Math.floor(space / 3)))

const tableLines = (jobs: ReadonlyArray<BoardJob>, most: number, frame: Frame): ReadonlyArray<string> => {
  const columns = columnsFor(jobs, frame.width)
  const rows = jobs.length + 1 <= most ? jobs : jobs.slice(0, Math.max(0, most - 2))
  const hidden = jobs.length - rows.length
  return [
    paint(
      rowText(
        columns,
        columns.map(({ name }) => name)
      ),
      "dim",
      frame
    ),
    ...rows.map((job) => {
      const cells = columns.map(({ cell }) => cell(job, frame))
      return paint(rowText(columns, cells), toneOf(job), frame)
    }),
    ...(hidden > 0 ? [paint(`… and ${hidden} more`, "dim", frame)] : [])
  ]
}

interface Column {
  readonly name: string
  readonly width: number
  readonly cell: (job: BoardJob, frame: Frame) => string
}

/** The schedule is shown when there is room; the output takes what is left. */
const columnsFor = (jobs: ReadonlyArray<BoardJob>, width: number): ReadonlyArray<Column> => {
  const longest = (texts: ReadonlyArray<string>, least: number, most: number) =>
    Math.min(most, Math.max(least, ...texts.map((text) => text.length)))
  const fixed: Array<Column> = [
    {
      name: "JOB",
      width: longest(
        jobs.map(({ record }) => record.id),
        6,
        width < 100 ? 18 : 30
      ),
      cell: ({ record }) => record.id
    },
    { name: "STATE", width: 9, cell: ({ record }) => record.state },
    { name: "LAST (AGO)", width: 17, cell: lastText },
    {
      name: "LATE",
      width: 7,
      cell: ({ lastRun }) => lateText(lastRun?.latenessMs ?? null)
    },
    { name: "NEXT", width: 11, cell: nextText }
  ]
  if (width >= 120) {
    const schedules = jobs.map(scheduleText)
    fixed.splice(1, 0, { name: "SCHEDULE", width: longest(schedules, 8, 20), cell: scheduleText })
  }
  const left = width - fixed.reduce((sum, column) => sum + column.width + 2, 0)
  return left < 8
    ? fixed
    : [...fixed, { name: "OUTPUT", width: left, cell: ({ lastRun }) => printable(lastRun?.said ?? "") }]
}

const rowText = (columns: ReadonlyArray<Column>, cells: ReadonlyArray<string>): string =>
  columns
    .map(({ width }, index) => fitted(cells[index] ?? "", width))
    .join("  ")
    .trimEnd()

const lastText = ({ record, lastRun }: BoardJob, { now }: Frame): string => {
  if (lastRun === null) return record.misfire === null ? "" : `misfired, ${record.misfire}`
  if (lastRun.finishedAt === null)
    return lastRun.startedAt === null ? "" : `running ${spanText(now - lastRun.startedAt)}`
  return `${marks[lastRun.outcome ?? "failed"]} ${spanText(now - lastRun.finishedAt)}`
}

const lateText = (latenessMs: number | null): string => (latenessMs === null ? "" : spanText(latenessMs))

const marks = {
  succeeded: "✓",
  failed: "✗ failed",
  timedOut: "✗ timed out",
  cancelled: "✗ cancelled",
  interrupted: "✗ cut off"
} as const

const nextText = ({ record }: BoardJob, { now, timezone }: Frame): string => {
  if (record.state === "paused") return record.pausedBy === "fault" ? "parked" : "paused"
  return record.nextFireAt === null ? "–" : comingText(record.nextFireAt, now, timezone)
}

type Tone = EventLine["tone"] | "bold" | "dim"

const toneOf = ({ record, lastRun }: BoardJob): Tone => {
  if (record.state === "misfired" || record.pausedBy === "fault") return "bad"
  if (record.state === "running") return "good"
  return lastRun === null || lastRun.outcome === null || lastRun.outcome === "succeeded" ? "quiet" : "bad"
}

/** The newest at the bottom. */
const newsLines = (news: LiveState["news"], space: number, frame: Frame): ReadonlyArray<string> =>
  space < 2
    ? Array.from({ length: Math.max(0, space) }, () => "")
    : [
        "",
        ...news
          .slice(1 - space)
          .map(({ at, text, tone }) =>
            paint(fitted(`${timeText(at, at, frame.timezone)} ${text}`, frame.width).trimEnd(), tone, frame)
          )
      ]

const codes: Readonly<Record<Tone, string>> = { good: "32", bad: "31", output: "", quiet: "", bold: "1", dim: "2" }

const paint = (text: string, tone: Tone, { colour }: Frame): string => {
  const code = codes[tone]
  return colour && code !== "" ? `\u001b[${code}m${text}\u001b[0m` : text
}
