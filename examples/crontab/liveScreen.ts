/** Draws the live view on a terminal's second screen, and gives the first one back as it was, with the notes below. */
import type { WriteStream } from "node:tty"
import type { LiveState } from "./liveView.ts"
import { liveLines } from "./liveView.ts"
import type { View } from "./view.ts"

export interface ScreenOptions {
  readonly terminal: WriteStream
  readonly title: string
  readonly timezone: string
  readonly colour: boolean
}

/** Least time between two drawings, and the most: countdowns go on when nothing happens. Milliseconds. */
const soonMs = 100
const idleMs = 500

/** News that is kept for a terminal that may grow. */
const maxNews = 200

const enter = "\u001b[?1049h\u001b[?25l\u001b[?7l"
const leave = "\u001b[?7h\u001b[?25h\u001b[?1049l"

/** The cursor comes back whichever way the process ends, SIGKILL aside. */
export const liveScreen = ({ terminal, title, timezone, colour }: ScreenOptions): View => {
  let state: LiveState = { title, board: new Map(), notes: [], news: [], phase: "" }
  let pending: NodeJS.Timeout | undefined
  let closed = false

  const draw = () => {
    pending = undefined
    if (closed) return
    const frame = { width: terminal.columns || 80, height: terminal.rows || 24, now: Date.now(), timezone, colour }
    const lines = liveLines(state, frame)
    terminal.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\r\n")}\u001b[J`)
  }
  const drawSoon = () => {
    pending ??= setTimeout(draw, soonMs)
  }
  const change = (changes: Partial<LiveState>) => {
    state = { ...state, ...changes }
    drawSoon()
  }
  const tell = (lines: LiveState["news"]) => change({ news: [...state.news, ...lines].slice(-maxNews) })
  const close = () => {
    if (closed) return
    closed = true
    clearTimeout(pending)
    clearInterval(idle)
    terminal.off("resize", draw)
    process.off("exit", close)
    terminal.write(leave + state.notes.map((note) => `${note}\r\n`).join(""))
  }

  const idle = setInterval(drawSoon, idleMs)
  terminal.on("resize", draw)
  process.on("exit", close)
  terminal.write(enter)
  draw()
  return {
    note: (text) => change({ notes: [...state.notes, text] }),
    news: (lines, at) => tell(lines.map((line) => ({ ...line, at }))),
    jobs: (board) => change({ board }),
    phase: (phase) => change({ phase }),
    close
  }
}
