/**
 * The file of a running scheduler, whatever its own program and others do with it and what lies beside it: one owner, and after a kill
 * all that was acknowledged is there. Where that cannot be kept, it is told and nothing more is acknowledged.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, mkdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import Database from "better-sqlite3"
import { describe, expect, it, onTestFinished } from "vitest"
import { createScheduler, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { temporaryFile } from "../scenarios/world.ts"
import { until } from "./condition.ts"
import { bundled } from "../bundle.ts"

const startOwner = async (checkpointPages = 100) => {
  const place = dirname(temporaryFile())
  const program = await bundled(join(import.meta.dirname, "heldFileOwner.ts"), place)
  const directory = join(place, "data")
  mkdirSync(directory)
  const filename = join(directory, "jobs.db")
  const owner = spawn(process.execPath, [program, filename, String(checkpointPages)], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const kill = async (): Promise<void> => {
    if (owner.exitCode !== null || owner.signalCode !== null) return
    owner.kill("SIGKILL")
    await once(owner, "exit")
  }
  onTestFinished(kill)
  const acknowledged: Array<string> = []
  const told: Array<string> = []
  let rest = ""
  owner.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) (line.startsWith("job-") ? acknowledged : told).push(line)
  })
  const more = async (jobs = 60): Promise<void> => {
    const before = acknowledged.length
    await until("more jobs", () => acknowledged.length >= before + jobs)
  }
  const say = async (word: string): Promise<void> => {
    const answers = () => told.filter((line) => line === `did ${word}`).length
    const before = answers()
    owner.stdin.write(`${word}\n`)
    await until(word, () => answers() > before)
  }
  await more()
  return { filename, directory, acknowledged, told, more, say, kill }
}

type Owner = Awaited<ReturnType<typeof startOwner>>

/** What another process finds that starts a scheduler on the file. */
const startBeside = async (filename: string): Promise<unknown> => {
  const scheduler = createScheduler({ store: sqlite({ filename }) })
  try {
    await scheduler.start()
    await scheduler.shutdown({ wait: false })
    return "started"
  } catch (error) {
    return error
  }
}

/** Another program that reads, moves the log and leaves; the last one to leave takes the log away. */
const visit = (filename: string): void => {
  const database = new Database(filename, { timeout: 2000 })
  database.prepare("SELECT count(*) FROM jobs").get()
  try {
    database.pragma("wal_checkpoint(TRUNCATE)")
  } catch {
    // Busy.
  }
  database.close()
}

const expectAllThere = async ({ filename, acknowledged, kill }: Owner): Promise<void> => {
  await kill()
  const scheduler = createScheduler({ store: sqlite({ filename }), tasks: [task("note", () => "noted")] })
  await scheduler.start({ paused: true })
  const ids = new Set((await scheduler.getJobs({ limit: 100_000 })).map(({ id }) => id))
  const { violations } = await scheduler.verify()
  await scheduler.shutdown({ wait: false })
  const database = new Database(filename, { readonly: true })
  const integrity: unknown = database.pragma("integrity_check", { simple: true })
  database.close()
  const missing = acknowledged.filter((id) => !ids.has(id))
  expect({ missing, violations, integrity }).toEqual({ missing: [], violations: [], integrity: "ok" })
}

describe("a program that opens and closes its own files", () => {
  it.each(["read", "copy", "copyMeanwhile", "openAsDatabase"])(
    "keeps its store, also from visitors, and loses nothing: %s",
    async (doing) => {
      const owner = await startOwner()
      for (let round = 0; round < 4; round++) {
        await owner.say(doing)
        expect(await startBeside(owner.filename)).toMatchObject({ _tag: "StoreInUse" })
        for (let visits = 0; visits < 3; visits++) visit(owner.filename)
        await owner.more()
      }
      await owner.say(doing)
      visit(owner.filename)
      await expectAllThere(owner)
    },
    // A visitor may wait two seconds for the log, thirteen times; on a busy machine that alone is half of what a test has.
    180_000
  )
})

it("a start that waits for the owner has the file once that one is gone, with all that it acknowledged", async () => {
  const owner = await startOwner()
  const scheduler = createScheduler({
    store: sqlite({ filename: owner.filename }),
    tasks: [task("note", () => "noted")]
  })
  onTestFinished(() => scheduler.shutdown({ wait: false }))
  const starting = scheduler.start({ waitForStore: "1 minute", paused: true })
  await owner.more()
  await owner.kill()
  await starting
  expect((await scheduler.getJobs({ limit: 100_000 })).length).toBeGreaterThanOrEqual(owner.acknowledged.length)
})

describe("what lies beside the file, deleted or replaced in use", () => {
  const besides: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["-wal", ["-wal"]],
    ["-shm", ["-shm"]],
    [".lock", [".lock"]],
    ["all", ["-wal", "-shm", ".lock"]]
  ]

  it.each(besides)("%s deleted: nobody else is let in, nothing acknowledged is lost", async (_which, suffixes) => {
    const owner = await startOwner(100_000)
    for (const suffix of suffixes) rmSync(`${owner.filename}${suffix}`, { force: true })
    expect(await startBeside(owner.filename)).toMatchObject({ _tag: "StoreInUse" })
    await owner.more()
    for (const suffix of suffixes) rmSync(`${owner.filename}${suffix}`, { force: true })
    await owner.more()
    expect(owner.told.filter((line) => line.startsWith("SchedulerDegraded StoreUnavailable")).length > 0).toBe(
      suffixes.some((suffix) => suffix !== ".lock")
    )
    visit(owner.filename)
    await owner.more(5)
    await expectAllThere(owner)
  })

  it("a log replaced by a copy of it: what was in it is kept, and the copy is not read", async () => {
    const owner = await startOwner(100_000)
    const log = `${owner.filename}-wal`
    copyFileSync(log, `${log}.old`)
    await owner.more()
    renameSync(`${log}.old`, log)
    await owner.more()
    await expectAllThere(owner)
  })
})

describe("what another program has cut off or overwritten", () => {
  it.each<[string, (filename: string) => void]>([
    ["the log cut to nothing", (filename) => truncateSync(`${filename}-wal`)],
    [
      "the log overwritten",
      (filename) => writeFileSync(`${filename}-wal`, Buffer.alloc(statSync(`${filename}-wal`).size))
    ],
    ["the file cut to nothing", (filename) => truncateSync(filename)]
  ])("%s: told at the next commit, and nothing is acknowledged any more", async (_what, spoil) => {
    const owner = await startOwner(100_000)
    spoil(owner.filename)
    await until("the trouble", () => owner.told.some((line) => line.startsWith("SchedulerDegraded StoreUnreadable")))
    const { length } = owner.acknowledged
    await until("another attempt", () => owner.told.some((line) => /^attempts [3-9]/.test(line)))
    expect(owner.acknowledged).toHaveLength(length)
  })
})
