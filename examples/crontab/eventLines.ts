/** News as lines: what a command printed, how a run ended, what became of fire times without a run. Pure. */
import type { SchedulerEvent } from "carillon"
import { linesOf, outcomeOf } from "./jobBoard.ts"
import { counted, printable, spanText, timeText } from "./wording.ts"

export interface EventLine {
  /** Good: nothing to look at. Bad: somebody should look. Output: a command's own words. */
  readonly tone: "good" | "bad" | "output" | "quiet"
  readonly text: string
}

/** In order; none for events that say nothing to somebody who watches. */
export const eventLines = (event: SchedulerEvent, timezone: string): ReadonlyArray<EventLine> =>
  linesAbout(event, timezone).map(({ tone, text }) => ({ tone, text: printable(text) }))

const linesAbout = (event: SchedulerEvent, timezone: string): ReadonlyArray<EventLine> => {
  switch (event.type) {
    case "RunProgressed":
      return linesOf(event.value).map((line) => ({ tone: "output", text: `${event.jobId} | ${printable(line)}` }))
    case "RunSucceeded":
      return [{ tone: "good", text: `${event.jobId} succeeded${timesText(event)}` }]
    case "RunFailed":
    case "RunTimedOut":
    case "RunCancelled":
    case "RunInterrupted": {
      const why = event.error === null ? "" : `: ${printable(event.error.message)}`
      return [{ tone: "bad", text: `${event.jobId} ${outcomeText[outcomeOf[event.type]]}${timesText(event)}${why}` }]
    }
    case "FireMisfired":
      return [{ tone: "bad", text: `${event.jobId} misfired ${stretch(event, timezone)}: ${reasonText[event.reason]}` }]
    case "FireCoalesced":
      return [{ tone: "quiet", text: `${event.jobId} coalesced ${stretch(event, timezone)} into one run` }]
    case "JobParked":
      return [{ tone: "bad", text: `${event.jobId} parked: ${printable(event.fault?.message ?? "a fault")}` }]
    case "SchedulerDegraded":
      return [{ tone: "bad", text: `the store is away: ${printable(event.reason ?? "it does not answer")}` }]
    case "SchedulerRecovered":
      return [{ tone: "good", text: "the store is back" }]
    default:
      return []
  }
}

const outcomeText = {
  failed: "failed",
  timedOut: "timed out",
  cancelled: "cancelled",
  interrupted: "interrupted"
} as const

const reasonText = {
  late: "later than its grace",
  maxInstances: "it was still running",
  replaced: "a newer one took its place",
  queueFull: "its queue was full",
  invalidValue: "its value was refused",
  withdrawn: "withdrawn before it could start",
  skipped: "left out on request",
  forgotten: "it may have run long ago"
} as const

/** Less late than this is on time to somebody who reads along. */
const lateMs = 1000

const timesText = (event: {
  readonly fireAt: number
  readonly startedAt: number | null
  readonly finishedAt: number
}) => {
  if (event.startedAt === null) return ""
  const late = event.startedAt - event.fireAt
  return ` in ${spanText(event.finishedAt - event.startedAt)}${late >= lateMs ? `, ${spanText(late)} late` : ""}`
}

const stretch = (
  range: { readonly fireAt: number; readonly through: number; readonly count: number; readonly at: number },
  timezone: string
): string => {
  const from = timeText(range.fireAt, range.at, timezone)
  const times = range.count === 1 ? from : `${from} to ${timeText(range.through, range.at, timezone)}`
  return `${counted(range.count, "fire time")} (${times})`
}
