/**
 * `npm run mutants`: are the tests tested? Makes small changes to the sources, one at a time, and runs the unit tests of the changed
 * folder, its mirror in `test/`, until one fails: then the change is killed. What survives is behaviour that no unit test holds.
 *
 *     npm run mutants                              every room: hours on one core
 *     npm run mutants -- src/time machines         these rooms, whole
 *     npm run mutants -- src/time/zone.ts          what is in this file or folder, with all tests of its room
 *     npm run mutants -- --sample 300 --seed 2     so many changes of each room, the same ones for the same seed (default 1)
 *     npm run mutants -- --jobs 2                  two processes at a time (default 1)
 *     npm run mutants -- --killed                  lists what was killed too, and by what
 *
 * Rooms are in `rooms.ts`, the changes in `mutators.ts`. A survivor is printed as `file:line`, the line's text, and what was changed into
 * what. Kill it with a test that names the behaviour; or, when no test can see it (the change does what the code does, or only costs
 * time), or none should, put its name into `survivors.json` under a reason. Such a one still counts as not killed. The command
 * fails when fewer than 85 % of a room are killed, when a survivor isn't in `survivors.json`, and when an entry there was killed or is no
 * change of the sources any more.
 *
 * The list of changes and the values that properties draw are the same each time. A change that makes a loop endless is cut off by
 * the loop's count, a process that does not answer for a minute or twice the time of all the room's tests, a test after ten times that of its
 * file as it is; all of these are killed. Tests of time, "within 50 ms", may kill on a busy machine what they don't elsewhere.
 */
import { parseArgs } from "node:util"
import { filesOfRoom, mutantsOf } from "./mutant.ts"
import type { Mutant } from "./mutant.ts"
import type { Result } from "./roomRun.ts"
import { runRoom } from "./roomRun.ts"
import { isIn, isOfRoom, rooms } from "./rooms.ts"
import type { Room } from "./rooms.ts"
import { sampled } from "./sample.ts"
import { listedSurvivors } from "./survivors.ts"

/** The least part of a room's changes that its unit tests kill. */
const leastKilled = 0.85

const usage =
  "usage: npm run mutants -- [<room, file or folder>…] [--sample <number>] [--seed <number>] [--jobs <number>] [--killed]"

const wrong = (message: string): never => {
  console.error(`${message}\n${usage}`)
  process.exit(2)
}

const { values: given, positionals } = (() => {
  const text = { type: "string" } as const
  try {
    return parseArgs({
      allowPositionals: true,
      options: { sample: text, seed: text, jobs: text, killed: { type: "boolean" } }
    })
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
})()

const whole = (option: "sample" | "seed" | "jobs"): number | undefined => {
  const text = given[option]
  if (text === undefined) return undefined
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : wrong(`--${option} is ${text}, expected a whole number`)
}

const say = (text: string): void => void process.stdout.write(`${text}\n`)

interface Task {
  readonly room: Room
  readonly files: ReadonlyArray<string>
  /** All of the room, so its score counts. */
  readonly isWhole: boolean
}

/** What the command line names; every room where it names none. */
const tasks = (): ReadonlyArray<Task> => {
  const paths = positionals.map((path) => path.replace(/^\.\//, "").replace(/\/$/, ""))
  for (const path of paths)
    if (!rooms.some(({ sources }) => isIn(path, sources) || isIn(sources, path))) wrong(`no room has ${path}`)
  return rooms.flatMap((room) => {
    const isWhole = paths.length === 0 || paths.some((path) => isIn(room.sources, path))
    const files = filesOfRoom(room).filter((file) => isWhole || paths.some((path) => isIn(file, path)))
    return files.length === 0 ? [] : [{ room, files, isWhole }]
  })
}

const percent = (part: number, of: number): string => `${((100 * part) / of).toFixed(1)} %`

/** One line a file, worst last. */
const sayScores = (results: ReadonlyArray<Result>): void => {
  const scores = new Map<string, { killed: number; all: number }>()
  for (const { mutant, by } of results) {
    const score = scores.get(mutant.file) ?? { killed: 0, all: 0 }
    scores.set(mutant.file, { killed: score.killed + (by === null ? 0 : 1), all: score.all + 1 })
  }
  const rows = [...scores].sort(([, a], [, b]) => b.killed / b.all - a.killed / a.all)
  for (const [file, { killed, all }] of rows)
    say(`${percent(killed, all).padStart(8)}  ${String(killed).padStart(5)} of ${String(all).padStart(5)}  ${file}`)
}

type Listed = ReturnType<typeof listedSurvivors>

/** What is listed for these files and is none of their changes; of a whole room, for files that are gone too. */
const withoutChange = (
  all: ReadonlyArray<Mutant>,
  { room, files, isWhole }: Task,
  listed: Listed
): ReadonlyArray<string> => {
  const names = new Set(all.map(({ file, name }) => `${file}: ${name}`))
  return [...listed]
    .filter(([file]) => files.includes(file) || (isWhole && isOfRoom(room, file)))
    .flatMap(([file, ofFile]) => [...ofFile].map((name) => `${file}: ${name}`))
    .filter((name) => !names.has(name))
    .map((name) => `${name}: no such change`)
}

/** Runs a room; whether all is as it should be. */
const isGood = async (task: Task, listed: Listed): Promise<boolean> => {
  const { room, files, isWhole } = task
  const all = files.flatMap(mutantsOf)
  const mutants = sampled(all, whole("sample"), whole("seed") ?? 1)
  say(`${room.sources}: ${mutants.length} of ${all.length} changes, tests in ${room.tests}`)
  const results = await runRoom(room, mutants, whole("jobs") ?? 1)
  const isListed = ({ file, name }: Mutant) => listed.get(file)?.has(name) === true
  const killed = results.filter(({ by }) => by !== null)
  const survivors = results.filter(({ by }) => by === null)
  if (given.killed === true)
    for (const { mutant, by } of killed) say(`killed    ${mutant.file}:${mutant.line}  ${mutant.name}  by ${by ?? ""}`)
  const unlisted = survivors.filter(({ mutant }) => !isListed(mutant))
  for (const { mutant, isCovered } of unlisted)
    say(`${isCovered ? "survives " : "untested "} ${mutant.file}:${mutant.line}  ${mutant.name}`)
  const wronglyListed = [
    ...killed
      .filter(({ mutant }) => isListed(mutant))
      .map(({ mutant, by }) => `${mutant.file}: ${mutant.name}: killed by ${by ?? ""}`),
    ...withoutChange(all, task, listed)
  ]
  for (const entry of wronglyListed) say(`listed as a survivor, ${entry}`)
  sayScores(results)
  const isEnough = !isWhole || killed.length >= leastKilled * results.length
  say(
    `${room.sources}: ${killed.length} of ${results.length} killed, ${percent(killed.length, results.length)}` +
      (isEnough ? "" : `; ${leastKilled * 100} % are expected`) +
      `; of ${survivors.length} survivors ${survivors.length - unlisted.length} are listed with a reason\n`
  )
  return isEnough && unlisted.length === 0 && wronglyListed.length === 0
}

const main = async (): Promise<number> => {
  const listed = listedSurvivors()
  let failed = 0
  for (const task of tasks()) if (!(await isGood(task, listed))) failed += 1
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
