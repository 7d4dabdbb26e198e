/** A file that may be read and not written, such as a backup or another user's: checked where it can be, else told what is needed. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { text } from "node:stream/consumers"
import Database from "better-sqlite3"
import { describe, expect, it, onTestFinished, type TestContext } from "vitest"
import { commandProgram } from "../bundle.ts"
import { interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { midnight, minute, newWorld, temporaryFile } from "../scenarios/world.ts"
import { stoppedFile } from "./stoppedFile.ts"

/** Permissions do not bind root, who becomes nobody for it. */
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

/** Node, as somebody who owns nothing here or is held to what the permissions say. */
const node = async (args: ReadonlyArray<string>, temporary: string) => {
  const child = spawn(process.execPath, args, { ...nobody, env: { ...process.env, TMPDIR: temporary } })
  const ended = once(child, "exit")
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [exitCode] = (await ended) as [number | null]
  return { exitCode, out, err }
}

/** `carillon verify` of a file that it may not write. Nothing may be left behind, beside the file or among the temporary ones. */
const verified = async (filename: string, { skip }: TestContext) => {
  const temporary = join(dirname(temporaryFile()), "temporary")
  mkdirSync(temporary)
  chmodSync(dirname(temporary), 0o755)
  chmodSync(temporary, 0o777)
  const directory = dirname(filename)
  for (const name of readdirSync(directory)) chmodSync(join(directory, name), 0o444)
  chmodSync(directory, 0o555)
  onTestFinished(() => chmodSync(directory, 0o755))
  const program = await commandProgram()
  const probe = `const fs = require("node:fs"); fs.accessSync(${JSON.stringify(program)}); fs.accessSync(${JSON.stringify(filename)})
  try { fs.accessSync(${JSON.stringify(directory)}, fs.constants.W_OK); process.exit(1) } catch {}`
  if ((await node(["-e", probe], temporary)).exitCode !== 0)
    skip("nobody here may read the sources and the file, and not write it")
  const before = readdirSync(directory)
  const answer = await node([program, "verify", filename, "--run-age", "40000 days"], temporary)
  expect(readdirSync(directory)).toEqual(before)
  expect(readdirSync(temporary).filter((name) => name.startsWith("carillon"))).toEqual([])
  return answer
}

/** Writes as a scheduler does that is killed: who closes last may not write, so log and index stay. */
const leaveLog = (filename: string): void => {
  const reader = new Database(filename, { readonly: true })
  reader.prepare("SELECT 1 FROM owner").get()
  const writer = new Database(filename)
  writer.exec("UPDATE owner SET pid = 7")
  writer.close()
  reader.close()
}

const sound = (filename: string) => ({
  exitCode: 0,
  out: `${filename}: 1 job, 10 runs, 10 fire times checked\nall is well\n`,
  err: ""
})

describe("a file that may not be written", () => {
  it("is checked when no log lies beside it", async (test) => {
    const filename = await stoppedFile()
    expect(await verified(filename, test)).toEqual(sound(filename))
  })

  it("is checked where another user's scheduler is at work on it", async (test) => {
    const filename = temporaryFile()
    const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
    const scheduler = await world.start({ tasks: [task("quiet", () => null)] })
    await scheduler.addJob({ id: "a", task: "quiet", trigger: interval("1 minute", { start: midnight + minute }) })
    await world.clock.advance(10 * minute)
    expect(await verified(filename, test)).toEqual(sound(filename))
  })

  it("is refused when its log cannot be read without writing, which says what is needed", async (test) => {
    const filename = await stoppedFile()
    leaveLog(filename)
    rmSync(`${filename}-shm`)
    const { exitCode, out, err } = await verified(filename, test)
    expect([exitCode, out]).toEqual([2, ""])
    expect(err).toContain(`its log ${filename}-wal cannot be read; check it as a user who may, or copy both`)
  })
})
