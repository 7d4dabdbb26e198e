/** `carillon` as a user runs it: what it prints, and its exit code. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import Database from "better-sqlite3"
import { commandProgram } from "../bundle.ts"
import { describe, expect, it } from "vitest"
import { defineTrigger, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { runCommand } from "../../src/cli/runCommand.ts"
import { midnight, minute, newWorld, temporaryFile } from "../scenarios/world.ts"

/** Ten runs of a timed job, and three of a custom trigger. */
const file = async (...statements: ReadonlyArray<string>): Promise<string> => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const quiet = task("quiet", () => null)
  const whim = defineTrigger({ type: "whim", next: (after) => after + 3 * minute })
  const scheduler = await world.start({ tasks: [quiet], triggers: [whim] })
  await scheduler.addJob({ id: "timed", task: quiet, trigger: interval("1 minute", { start: midnight + minute }) })
  await scheduler.addJob({ id: "whimsical", task: quiet, trigger: whim(null) })
  await world.clock.advance(10 * minute)
  await scheduler.shutdown()
  const database = new Database(filename)
  for (const statement of statements) database.exec(statement)
  database.close()
  return filename
}

const run = async (...args: ReadonlyArray<string>) => {
  const [out, err]: [Array<string>, Array<string>] = [[], []]
  const exitCode = await runCommand(args, { out: (line) => out.push(line), err: (line) => err.push(line) })
  return { exitCode, out, err }
}

describe("carillon verify", () => {
  it("says what it has checked, and what not", async () => {
    const filename = await file()
    expect(await run("verify", filename)).toEqual({
      exitCode: 0,
      out: [
        `${filename}: 2 jobs, 13 runs, 10 fire times checked`,
        "fire times not checked: 1 job with custom triggers or calendars, whose code is not here",
        "all is well"
      ],
      err: []
    })
  })

  it("prints each violation in a line and ends with 1", async () => {
    const filename = await file("UPDATE job_state SET wake_at = 7 WHERE key = 1", "UPDATE owner SET job_count = 5")
    const { exitCode, out, err } = await run("verify", filename)
    expect([exitCode, out.slice(2), err]).toEqual([
      1,
      [
        "file: it counts 5 jobs, and there are 2",
        `wakeUp: job "timed": its wake-up is 7, its snapshot says ${midnight + 11 * minute}`,
        "2 violations"
      ],
      []
    ])
  })

  it("prints JSON when asked, of a file that cannot be read too", async () => {
    const sound = await run("verify", await file(), "--json")
    expect([sound.exitCode, sound.out.map((line) => JSON.parse(line) as unknown)]).toMatchObject([
      0,
      [{ ok: true, checked: { jobs: 2 }, notChecked: [{ reason: "customTrigger", jobs: 1 }], violations: [] }]
    ])
    const unreadable = await run("verify", temporaryFile("none.db"), "--json")
    expect([unreadable.exitCode, unreadable.out.map((line) => JSON.parse(line) as unknown)]).toMatchObject([
      2,
      [{ error: "StoreUnreadable" }]
    ])
  })

  it("asks for the right name when there is no such file, and for no backup", async () => {
    const filename = temporaryFile("none.db")
    expect(await run("verify", filename)).toEqual({
      exitCode: 2,
      out: [],
      err: [`store ${filename} cannot be read: there is no such file; check the name`]
    })
  })

  it.each([
    [[], "which command?"],
    [["verily"], 'there is no command "verily"'],
    [["verify"], "verify takes the name of one file"],
    [["verify", ""], "verify takes the name of one file"],
    [["verify", "a", "b"], "verify takes the name of one file"],
    [["verify", "a", "--fast"], "--fast"],
    [["verify", "a", "--run-age", "soon"], "soon"]
  ])("refuses %j with 2 and its usage", async (args, because) => {
    const { exitCode, out, err } = await run(...args)
    expect([exitCode, out]).toEqual([2, []])
    expect(err.join("\n")).toContain(because)
    expect(err.join("\n")).toContain("usage: carillon verify <file>")
  })

  it("tells its version, that of the package", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
      readonly version: string
    }
    expect(await run("--version")).toEqual({ exitCode: 0, out: [version], err: [] })
  })

  it("is a program", async () => {
    const filename = temporaryFile("text.db")
    writeFileSync(filename, "this is no database at all, however long it is ".repeat(50))
    expect(await program(["verify", filename])).toEqual({
      exitCode: 2,
      out: "",
      err: `store ${filename} cannot be read: file is not a database; restore it from a backup or give another file\n`
    })
  })

  it.each([
    [
      "when it fails in a way that nobody foresaw",
      { beforehand: 'process.stdout.write = () => { throw new Error("unforeseen") }' },
      "unforeseen"
    ],
    ["when nobody hears its answer", { deaf: true }, "EPIPE"]
  ])("ends with 2 %s", async (_when, how, because) => {
    const { exitCode, err } = await program(["verify", await file()], how)
    expect(exitCode).toBe(2)
    expect(err).toContain(because)
  })
})

/** The command as a process of its own. `beforehand`: code that it runs first. `deaf`: nobody reads what it prints. */
const program = async (
  args: ReadonlyArray<string>,
  { beforehand = "", deaf = false }: { readonly beforehand?: string; readonly deaf?: boolean } = {}
) => {
  const first = `data:text/javascript,${encodeURIComponent(beforehand)}`
  const child = spawn(process.execPath, ["--import", first, await commandProgram(), ...args])
  if (deaf) child.stdout.destroy()
  const ended = once(child, "exit")
  const [out, err] = await Promise.all([deaf ? "" : text(child.stdout), text(child.stderr)])
  const [exitCode] = (await ended) as [number | null]
  return { exitCode, out, err }
}
