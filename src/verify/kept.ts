/** Checks what is kept beside runs: each is of a run that is not over, and has received what was sent, no more and nothing twice. Pure. */
import type { KeptRow } from "../store/jobStore.ts"

/** One sentence for each fault. `sentThrough`: the highest number that was ever sent; `null`: not known. */
export const keptFaults = (
  { runKey, jobId, live, received, waiting }: KeptRow,
  sentThrough: number | null
): ReadonlyArray<string> => {
  const faults: Array<string> = []
  if (!live) {
    const kept = [...(received === null ? [] : ["a saved step"]), ...(waiting === null ? [] : ["events that wait"])]
    faults.push(`there are ${kept.join(" and ")} of run ${runKey}, which is ${jobId === null ? "not there" : "over"}`)
  }
  if (received !== null && waiting !== null && waiting.first <= received)
    faults.push(`event ${waiting.first} waits to run ${runKey}, whose saved step has received up to ${received}`)
  const newest = Math.max(received ?? 0, waiting?.last ?? 0)
  if (sentThrough !== null && newest > sentThrough)
    faults.push(`run ${runKey} has event ${newest}, and the last that was sent to any is ${sentThrough}`)
  return faults
}

/** Rows read at a time. */
export const keptPerPage = 1000
