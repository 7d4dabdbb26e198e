/**
 * Kills a scheduler again and again, at random moments drawn from a seed and in its first milliseconds too, starts it again on the
 * same file, and compares what is left with what was seen outside.
 */
import { isOfFireTime } from "../../../src/store/claimKind.ts"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { appendFileSync, existsSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { verifyFile } from "../../../src/sqlite.ts"
import { checkHistory } from "../../history/checkHistory.ts"
import type { Disk, Line } from "../../history/history.ts"
import { expectedJobs, killHistory } from "./killHistory.ts"
import { checkEnds, checkSteps, noteSaved } from "./killedSteps.ts"
import type { MachineKind } from "./killPlan.ts"
import { files, isMachine, randomFrom } from "./killPlan.ts"

export interface KillLoopOptions {
  readonly seed: number
  readonly kills: number
  /** Where the world's files go; made if it is not there. */
  readonly directory: string
  /** The child's program, see `bundled`. */
  readonly program: string
}

export interface KillLoopResult {
  readonly kills: number
  /** Kills before the child had said that it had started. */
  readonly killsDuringStart: number
  /** Fire times with a record of any kind. */
  readonly fires: number
  readonly runs: number
  readonly attempts: number
  /** Attempts that a kill cut off. */
  readonly interrupted: number
  /** Attempts of a machine that went on in its middle. */
  readonly wentOn: number
  /** Steps of machines that were on disk after a kill. */
  readonly stepsSaved: number
  /** Long waits of machines after which a later attempt went on. */
  readonly waited: number
  /** Commands acknowledged. */
  readonly acknowledged: number
  /** One sentence each. */
  readonly violations: ReadonlyArray<string>
}

/** A life that takes so long hangs. */
const hangMs = 20_000

export const killLoop = async ({ seed, kills, directory, program }: KillLoopOptions): Promise<KillLoopResult> => {
  mkdirSync(directory, { recursive: true })
  const { ledger, steps, database } = files(directory)
  const random = randomFrom(seed ^ 0x5eed)
  const violations: Array<string> = []
  let killsDuringStart = 0
  const verify = async (when: string): Promise<void> => {
    // The very first kills may come before there is a file, or a schema in it.
    if (!existsSync(database)) return
    try {
      for (const { invariant, jobId, message } of (await verifyFile(database)).violations)
        violations.push(`${when}: verifyFile: ${invariant}: ${jobId ?? "file"}: ${message}`)
    } catch (error) {
      if (!/no scheduler has used it yet/.test(String(error))) violations.push(`${when}: verifyFile: ${String(error)}`)
    }
  }
  for (let life = 0; life < kills && violations.length === 0; life++) {
    const child = startChild(program, [directory, String(seed), String(life), "live"])
    const early = random() < 0.3
    const waitMs = early ? random() * 60 : random() * 250
    const reached = await child.reached(early ? "booted" : "started")
    if (reached) await sleep(waitMs)
    if (!child.said("started")) killsDuringStart += 1
    if (life % 10 === 5) await verify(`while life ${life} was at work`)
    child.process.kill("SIGKILL")
    const end = await child.ended
    appendLine(ledger, { kind: "died", at: Date.now() })
    noteSaved(steps, database)
    if (end !== "SIGKILL") violations.push(`life ${life} ended by itself (${end}): ${child.errors()}`)
    if (life % 10 === 9) await verify(`after kill ${life}`)
  }
  const lastLifeAt = Date.now()
  if (violations.length === 0) {
    const child = startChild(program, [directory, String(seed), String(kills), "last"])
    const stopped = await child.reached("stopped")
    const end = await child.ended
    if (!stopped || end !== "0") violations.push(`the last life did not end in good order (${end}): ${child.errors()}`)
  }
  await verify("at the end")
  const history = killHistory(database, ledger)
  const { disk, seen } = history
  for (const { invariant, jobId, message } of checkHistory(history, expectedJobs(disk)))
    violations.push(`history: ${invariant}: ${jobId}: ${message}`)
  const stepsTaken = checkSteps(steps, kindOfRuns(disk))
  const parkings = (id: string): number => seen.filter((line) => line.kind === "resumed" && line.jobId === id).length
  // Only a last life that could end them tells.
  const ends = violations.length > 0 ? [] : checkEnds(disk.runs, kindOfRuns(disk), lastLifeAt, parkings)
  violations.push(...[...stepsTaken.violations, ...ends].map((violation) => `steps: ${violation}`))
  const attempts = attemptsOf(seen, ["start"])
  const ended = attemptsOf(seen, ["finish", "abort"])
  return {
    kills,
    killsDuringStart,
    fires: disk.runs.filter(isOfFireTime).length + disk.ledger.reduce((sum, { count }) => sum + count, 0),
    runs: disk.runs.length,
    attempts: attempts.size,
    interrupted: [...attempts].filter((attempt) => !ended.has(attempt)).length,
    wentOn: stepsTaken.wentOn,
    stepsSaved: stepsTaken.saved,
    waited: stepsTaken.waited,
    acknowledged: seen.filter(({ kind }) => ["added", "removed", "paused", "resumed"].includes(kind)).length,
    violations
  }
}

/** The kind of machine that a run is of. */
const kindOfRuns = ({ jobs, runs }: Disk): ((runId: string) => MachineKind | undefined) => {
  const tasks = new Map(jobs.map(({ key, task }) => [key, task]))
  const kinds = new Map(runs.map(({ runKey, jobKey }) => [String(runKey), tasks.get(jobKey) ?? ""]))
  return (runId) => {
    const task = kinds.get(runId) ?? ""
    return isMachine(task) ? task : undefined
  }
}

const attemptsOf = (seen: ReadonlyArray<Line>, kinds: ReadonlyArray<Line["kind"]>): ReadonlySet<string> =>
  new Set(
    seen.flatMap((line) => ("fireAt" in line && kinds.includes(line.kind) ? [`${line.runId}/${line.attempt}`] : []))
  )

export interface Child {
  readonly process: ChildProcess
  /** Resolves true when it has said `word`; false when it ends before. One that does neither is killed. */
  reached(word: string): Promise<boolean>
  /** Whether it has printed a line that begins with this word. */
  said(word: string): boolean
  /** The rest of that line. */
  told(word: string): string | undefined
  /** The signal or exit code it ended with. */
  readonly ended: Promise<string>
  errors(): string
}

export const startChild = (program: string, args: ReadonlyArray<string>): Child => {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "pipe"] })
  let output = ""
  let errors = ""
  const listeners = new Set<() => void>()
  const tell = (): void => listeners.forEach((listener) => listener())
  let ending: string | null = null
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text
    tell()
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (errors += text))
  const hang = setTimeout(() => {
    errors += `still running after ${hangMs} ms`
    child.kill("SIGABRT")
  }, hangMs)
  const ended = new Promise<string>((resolve) =>
    child.on("close", (code, signal) => {
      clearTimeout(hang)
      ending = signal ?? String(code)
      resolve(ending)
      tell()
    })
  )
  const said = (word: string): boolean =>
    output.split("\n").some((line) => line === word || line.startsWith(`${word} `))
  return {
    process: child,
    ended,
    said,
    told: (word) =>
      output
        .split("\n")
        .find((line) => line.startsWith(`${word} `))
        ?.slice(word.length + 1),
    errors: () => errors.trim(),
    reached: (word) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!said(word) && ending === null) return
          listeners.delete(look)
          resolve(said(word))
        }
        listeners.add(look)
        look()
      })
  }
}

const appendLine = (filename: string, line: Line): void => appendFileSync(filename, `${JSON.stringify(line)}\n`)

/** The program that `killLoop` kills. */
export const killedScheduler = join(import.meta.dirname, "killedScheduler.ts")
