/** What callers were told, against what is on disk: nothing acknowledged may be missing or different. */
import { isOfFireTime } from "../../src/store/claimKind.ts"
import type { EpochMillis } from "../../src/time/instant.ts"
import { liveJob } from "./checkAttempts.ts"
import type { CommandLine, History, Line } from "./history.ts"
import { runKeyOf, storedMemory } from "./history.ts"
import type { Report } from "./violation.ts"

export const checkAcknowledged = (history: History, report: Report): void => {
  checkOutcomes(history, report)
  for (const [jobId, told] of knowledgeOf(history.seen)) {
    if (told.doubtful) continue
    const row = liveJob(history.disk.jobs, jobId)
    if (told.there !== null && told.there !== (row !== undefined))
      report("commandLost", jobId, `it was ${told.there ? "added" : "removed"}, and ${row ? "is" : "is not"} there`)
    // A parked job is out of service too; one that is done is neither.
    if (row === undefined || told.paused === null || row.fault || row.value === "done") continue
    if (told.paused !== (storedMemory(row).pausedAt !== null))
      report("commandLost", jobId, `it was ${told.paused ? "paused" : "resumed"}, and is ${row.value}`)
  }
  if (history.clockSetBack !== true) checkOutOfService(history, report)
}

/** What callers know of a job; `null`: nothing. */
interface Knowledge {
  there: boolean | null
  paused: boolean | null
  /** Commands without an answer so far. */
  open: number
  /** Several were under way at a time: the order of their answers is not the one in which they took effect. */
  overlapped: boolean
  /** Some command's answer never came. */
  doubtful: boolean
  /** It died with its process: `added` does not tell whether the job is the one that was paused. */
  cutOff: boolean
}

const newKnowledge = (): Knowledge => ({
  there: null,
  paused: null,
  open: 0,
  overlapped: false,
  doubtful: false,
  cutOff: false
})

const knowledgeOf = (seen: ReadonlyArray<Line>): ReadonlyMap<string, Knowledge> => {
  const known = new Map<string, Knowledge>()
  for (const line of seen) {
    if (!("jobId" in line)) {
      for (const told of known.values()) {
        told.cutOff ||= told.open > 0
        told.open = 0
      }
      continue
    }
    if ("runId" in line) continue
    const told = known.get(line.jobId) ?? newKnowledge()
    known.set(line.jobId, told)
    if (line.kind === "asked") {
      told.open += 1
      told.overlapped ||= told.open > 1
      told.doubtful = true
      continue
    }
    told.open = Math.max(0, told.open - 1)
    if (line.kind === "added" || line.kind === "removed") told.there = line.kind === "added"
    if (line.kind === "paused" || line.kind === "resumed") {
      told.paused = line.kind === "paused"
      told.there = true
    }
    if (line.kind === "removed" || (line.kind === "added" && told.cutOff)) told.paused = null
    if (line.kind !== "refused") told.cutOff = false
    // A refusal says nothing of a command before it whose answer is missing.
    if (told.open > 0) continue
    if (line.kind !== "refused") told.doubtful = told.overlapped
    told.overlapped = false
  }
  return known
}

const checkOutcomes = ({ disk, seen }: History, report: Report): void => {
  const runs = new Map(disk.runs.map((run) => [run.runKey, run]))
  for (const line of seen) {
    if (line.kind !== "outcome") continue
    const run = runs.get(runKeyOf(line.runId))
    if (run?.outcome !== line.outcome || run.attempt !== line.attempt)
      report(
        "outcomeLost",
        line.jobId,
        `attempt ${line.attempt} of run ${line.runId} was told to have ${line.outcome}, on disk attempt ${run?.attempt} has ${run?.outcome}`
      )
  }
}

/** Each job's commands but `paused` and `removed` answers that came while another was under way: which took effect first is not known. */
const knownCommands = (seen: ReadonlyArray<Line>): ReadonlyMap<string, ReadonlyArray<CommandLine>> => {
  const commands = new Map<string, Array<CommandLine>>()
  const underWay = new Map<string, { open: number; overlapped: boolean }>()
  for (const line of seen) {
    if (!("jobId" in line)) {
      underWay.clear()
      continue
    }
    if ("runId" in line) continue
    const { jobId, kind } = line
    const known = commands.get(jobId) ?? []
    const { open, overlapped } = underWay.get(jobId) ?? { open: 0, overlapped: false }
    if (kind === "asked") underWay.set(jobId, { open: open + 1, overlapped: overlapped || open > 0 })
    else underWay.set(jobId, { open: Math.max(0, open - 1), overlapped: overlapped && open > 1 })
    if (!overlapped || (kind !== "paused" && kind !== "removed")) known.push(line)
    commands.set(jobId, known)
  }
  return commands
}

/** Fire times that became runs between the acknowledgement of a pause and the next resume, or after a removal. */
const checkOutOfService = ({ disk, seen }: History, report: Report): void => {
  const commands = knownCommands(seen)
  for (const run of disk.runs) {
    if (!isOfFireTime(run)) continue
    let since: { readonly at: EpochMillis; readonly kind: string } | null = null
    for (const line of commands.get(run.jobId) ?? []) {
      if (line.kind === "paused" || line.kind === "removed") since ??= line
      if (line.kind !== "resumed" && line.kind !== "added" && line.kind !== "asked") continue
      if (since !== null && since.at < run.claimedAt && run.claimedAt < line.at) break
      since = null
    }
    if (since !== null && since.at < run.claimedAt)
      report(
        "outOfService",
        run.jobId,
        `run ${run.runKey} was claimed at ${run.claimedAt}, it was ${since.kind} at ${since.at}`
      )
  }
}
