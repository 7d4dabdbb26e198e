/** Runs the changes of a room in processes of their own, and starts a new one where a change brings it down. */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Mutant } from "./mutant.ts"
import { root } from "./mutant.ts"
import type { Order, Verdict } from "./plan.ts"
import type { Room } from "./rooms.ts"

export interface Result {
  readonly mutant: Mutant
  /** What failed; `null`: nothing did. */
  readonly by: string | null
  /** Some test comes by the change. */
  readonly isCovered: boolean
}

/** A process that says nothing for so long hangs, and for so many times what it took to run the whole folder of tests before its first word. */
const mostSilenceMs = 60_000
const rehearsalsOfSilence = 2
const mostRehearsalMs = 600_000
const lookEveryMs = 500

/** In the order of `mutants`. */
export const runRoom = async (
  room: Room,
  mutants: ReadonlyArray<Mutant>,
  jobs: number
): Promise<ReadonlyArray<Result>> => {
  const parts = Array.from({ length: jobs }, (_, job) => mutants.filter((_, index) => index % jobs === job))
  const results = await Promise.all(parts.map((part) => runPart(room, part)))
  const byMutant = new Map(results.flat().map((result) => [result.mutant, result]))
  return mutants.flatMap((mutant) => byMutant.get(mutant) ?? [])
}

const runPart = async (room: Room, mutants: ReadonlyArray<Mutant>): Promise<ReadonlyArray<Result>> => {
  const results: Array<Result> = []
  while (results.length < mutants.length) {
    const left = mutants.slice(results.length)
    const { verdicts, end } = await runProcess(room, left)
    for (const verdict of verdicts) {
      if (verdict._tag === "Unfit") throw new Error(`${verdict.file} fails without a change: ${verdict.failure}`)
      const mutant = left[verdict.mutant]
      if (verdict._tag === "Ended" && mutant !== undefined)
        results.push({ mutant, by: verdict.by, isCovered: verdict.isCovered })
    }
    const last = verdicts.at(-1)
    const fatal = last?._tag === "Started" ? left[last.mutant] : undefined
    if (fatal !== undefined) results.push({ mutant: fatal, by: end, isCovered: true })
    else if (last === undefined) throw new Error(`the process of ${room.sources} ${end} before its first change`)
  }
  return results
}

interface Ended {
  readonly verdicts: ReadonlyArray<Verdict>
  readonly end: "ended" | "died" | "hung"
}

const runProcess = async (room: Room, mutants: ReadonlyArray<Mutant>): Promise<Ended> => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-mutants-"))
  const file = join(directory, "verdicts.jsonl")
  const order = join(directory, "order.json")
  writeFileSync(file, "")
  writeFileSync(order, JSON.stringify({ room, mutants, verdicts: file } satisfies Order))
  const program = join(import.meta.dirname, "roomProcess.ts")
  // A group of its own, so that vitest's process ends with it.
  const child = spawn(process.execPath, ["--import", "tsx", program, order], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "ignore", "inherit"]
  })
  const endGroup = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
  }
  process.once("exit", endGroup)
  let hung: "hung" | undefined
  let said = ""
  const startedAt = performance.now()
  let saidAt = startedAt
  let silenceMs = mostRehearsalMs
  const look = setInterval(() => {
    const says = readFileSync(file, "utf8")
    const now = performance.now()
    // On a busy machine the tests of a change that none of them notices take long, too.
    if (said === "" && says !== "") silenceMs = Math.max(mostSilenceMs, rehearsalsOfSilence * (now - startedAt))
    if (says !== said) saidAt = now
    said = says
    if (now - saidAt <= silenceMs) return
    hung = "hung"
    endGroup()
  }, lookEveryMs)
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on("exit", resolve).on("error", reject))
    const lines = readFileSync(file, "utf8").split("\n")
    const verdicts = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Verdict)
    return { verdicts, end: hung ?? (code === 0 ? "ended" : "died") }
  } finally {
    clearInterval(look)
    process.off("exit", endGroup)
    rmSync(directory, { recursive: true, force: true })
  }
}
