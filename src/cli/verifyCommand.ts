/** `carillon verify`: a store's check in lines for people, or as JSON for programs. */
import { verifyFile } from "../sqlite.ts"
import {
  StoreConflict,
  StoreFenced,
  StoreInUse,
  StoreTooNew,
  StoreUnavailable,
  StoreUnreadable
} from "../store/storeError.ts"
import { terminalText } from "../task/terminalText.ts"
import type { DurationLike } from "../time/duration.ts"
import type { NotCheckedReason, Verification, Violation } from "../verify/verification.ts"
import type { Terminal } from "./terminal.ts"

interface VerifyArguments {
  readonly json: boolean
  readonly runAge: string | undefined
}

/** 0: all is well. 1: something is not. 2: the file cannot be read. What nobody foresaw is thrown. */
export const verifyCommand = async (filename: string, given: VerifyArguments, terminal: Terminal): Promise<number> => {
  // What is no duration is refused there.
  const runAge = given.runAge as DurationLike | undefined
  let verification: Verification
  try {
    verification = await verifyFile(filename, runAge === undefined ? {} : { runAge })
  } catch (error) {
    if (!isStoreError(error)) throw error
    if (given.json) terminal.out(JSON.stringify({ error: error._tag, message: error.message }))
    else terminal.err(terminalText(error.message))
    return 2
  }
  if (given.json) terminal.out(JSON.stringify(verification))
  else for (const line of linesOf(filename, verification)) terminal.out(line)
  return verification.ok ? 0 : 1
}

const isStoreError = (error: unknown): error is Error & { readonly _tag: string } =>
  [StoreConflict, StoreFenced, StoreInUse, StoreTooNew, StoreUnavailable, StoreUnreadable].some(
    (kind) => error instanceof kind
  )

const linesOf = (filename: string, verification: Verification): ReadonlyArray<string> => {
  const { checked, notChecked, violations } = verification
  const { jobs, runs, fireTimes } = checked
  return [
    `${terminalText(filename)}: ${counted(jobs, "job")}, ${counted(runs, "run")}, ${counted(fireTimes, "fire time")} checked`,
    ...(notChecked.length === 0
      ? []
      : [`fire times not checked: ${notChecked.map(({ reason, jobs: some }) => why(reason, some)).join("; ")}`]),
    ...violations.map(violationLine),
    violations.length === 0 ? "all is well" : counted(violations.length, "violation")
  ]
}

const violationLine = ({ invariant, jobId, message }: Violation): string =>
  terminalText(jobId === null ? `${invariant}: ${message}` : `${invariant}: job ${JSON.stringify(jobId)}: ${message}`)

const why = (reason: NotCheckedReason, jobs: number): string => {
  const some = counted(jobs, "job")
  switch (reason) {
    case "customTrigger":
      return `${some} with custom triggers or calendars, whose code is not here`
    case "stream":
      return `${some} driven by streams`
    case "fixedDelay":
      return `${some} timed from the end of their runs`
    case "longHistory":
      return `the later part of ${some} with more than 100,000 fire times`
    case "earlierTrigger":
      return `the earlier part of ${some} whose trigger was changed`
  }
}

const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`
