/** Jobs as lines for people. */
import { inWords } from "../input/inWords.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { lazyKind, UnrunCallbackError } from "../event/callback.ts"
import type { EpochMillis } from "../time/instant.ts"
import { terminalText } from "../task/terminalText.ts"
import type { JobHandle } from "./jobHandle.ts"

/** Gives `print` one line after another. Rejects with what it throws, `InvalidOptionError` and `UnrunCallbackError`. */
export const printJobs = async (
  getJobs: () => Promise<ReadonlyArray<JobHandle>>,
  tentative: boolean,
  print: (line: string) => unknown = printLine
): Promise<void> => {
  if (typeof print !== "function") {
    throw new InvalidOptionError({ option: "printJobs' argument", found: inWords(print), expected: "a function" })
  }
  for (const line of linesOf(await getJobs(), tentative)) {
    // It may be an async function: what it rejects with is this verb's own failure.
    const given: unknown = await print(line)
    const found = lazyKind(given)
    if (found !== null) throw new UnrunCallbackError({ found })
  }
}

// eslint-disable-next-line no-console -- printing is what it is asked for
const printLine = (line: string): void => console.log(line)

/** One line a job: id, task, trigger type, state and next fire time. What users wrote is escaped, as it mostly goes to a terminal. */
const linesOf = (jobs: ReadonlyArray<JobHandle>, tentative: boolean): ReadonlyArray<string> => {
  if (jobs.length === 0) return ["no jobs"]
  return jobs.map((job) => {
    const { state, fault, nextFireAt } = job.record
    const shown = tentative ? "tentative" : fault === null ? state : `${state}: ${fault.message}`
    const line = `${job.id}  task ${job.task}  trigger ${job.trigger.type}  ${shown}  next ${nextFireAt === null ? "-" : iso(nextFireAt)}`
    return terminalText(line)
  })
}

const iso = (instant: EpochMillis): string => new Date(instant).toISOString()
