/**
 * The write-ahead log of a killed process, cut and bit-flipped at random places: what a power cut and a failing disk may leave. The
 * file opens with the commits up to some point and none after it, or is refused.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import Database from "better-sqlite3"
import { describe, expect, it } from "vitest"
import { task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { newWorld, temporaryFile } from "../scenarios/world.ts"
import { bundled } from "../bundle.ts"
import { randomFrom } from "./kill/killPlan.ts"

/** Images of each kind; more by `WAL_IMAGES`. */
const images = Number(process.env["WAL_IMAGES"] ?? 12)
const [headerBytes, frameBytes] = [32, 24 + 4096]

interface Killed {
  readonly filename: string
  /** Jobs whose `addJob` had resolved. */
  readonly acknowledged: number
}

/** Files that a scheduler left when it was killed after `jobs` acknowledged additions. */
const killedAfter = async (jobs: number, checkpointPages: number): Promise<Killed> => {
  const filename = temporaryFile()
  const program = await bundled(join(import.meta.dirname, "walWriter.ts"), dirname(filename))
  const writer = spawn(process.execPath, [program, filename, String(checkpointPages)], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  let acknowledged = 0
  writer.stdout.setEncoding("utf8").on("data", (text: string) => {
    acknowledged += text.split("\n").length - 1
    if (acknowledged >= jobs) writer.kill("SIGKILL")
  })
  await once(writer, "close")
  return { filename, acknowledged }
}

let directories = 0
/** The killed process's files, its log replaced by `log`. */
const imageOf = ({ filename }: Killed, log: Buffer): string => {
  const directory = join(dirname(filename), `image-${++directories}`)
  mkdirSync(directory)
  const copy = join(directory, "jobs.db")
  copyFileSync(filename, copy)
  writeFileSync(`${copy}-wal`, log)
  return copy
}

/** How many jobs are in the file, which hold together; the error where it is refused. */
const openedJobs = async (filename: string): Promise<number | { readonly refused: unknown }> => {
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  try {
    // The log's runs began in the real present.
    world.clock.stepWall(statSync(filename).mtimeMs - world.clock.now())
    await world.start({ tasks: [task("note", () => "noted")], paused: true })
  } catch (refused) {
    return { refused }
  }
  const jobs = await world.scheduler.getJobs({ limit: 100_000 })
  expect((await world.scheduler.verify()).violations).toEqual([])
  await world.scheduler.shutdown({ wait: false })
  const found = jobs.map(({ id }) => Number(id.slice(4))).toSorted((a, b) => a - b)
  // Jobs were added one after the other: a prefix of the commits holds the first of them, and no hole.
  expect(found).toEqual(found.map((_, index) => index))
  const database = new Database(filename, { readonly: true })
  expect(database.pragma("integrity_check", { simple: true })).toBe("ok")
  database.close()
  return found.length
}

describe.each([
  ["that was never moved into the file", 100_000, 60],
  ["that was moved into the file now and then", 100, 150]
])("a killed process's log %s", (_what, checkpointPages, jobs) => {
  it("cut anywhere: the commits before the cut and none after it; uncut: all that was acknowledged", async () => {
    const killed = await killedAfter(jobs, checkpointPages)
    const { log, from, through } = loggedBy(killed)
    const random = randomFrom(1)
    const cuts = Array.from({ length: images }, () => from + Math.floor(random() * (through - from)))
    let before = 0
    for (const cut of [from, ...cuts.toSorted((a, b) => a - b), through, log.length]) {
      const found = await openedJobs(imageOf(killed, log.subarray(0, cut)))
      expect({ cut, found }).toEqual({ cut, found: expect.any(Number) as number })
      // More of the log is never fewer jobs.
      expect({ cut, fewer: (found as number) < before }).toEqual({ cut, fewer: false })
      before = found as number
    }
    expect(before).toBeGreaterThanOrEqual(killed.acknowledged)
  })

  it("with flipped bits: the commits before the damage, or a refusal", async () => {
    const killed = await killedAfter(jobs, checkpointPages)
    const { log, from, through } = loggedBy(killed)
    const random = randomFrom(2)
    for (let n = 0; n < images; n++) {
      const damaged = Buffer.from(log)
      for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips--) {
        const at = from + Math.floor(random() * (through - from))
        damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at)
      }
      const found = await openedJobs(imageOf(killed, damaged))
      if (typeof found !== "number") expect(found.refused).toMatchObject({ _tag: "StoreUnreadable" })
    }
  })
})

/**
 * The log, and the part of it that a power cut may take: what was moved into the file had been synced before. The log's index says
 * how many frames are its own and how many were moved: https://sqlite.org/walformat.html#the_wal_index_file_format
 */
const loggedBy = ({ filename }: Killed) => {
  const log = readFileSync(`${filename}-wal`)
  const index = readFileSync(`${filename}-shm`)
  const [frames, moved] = [index.readUInt32LE(16), index.readUInt32LE(96)]
  return {
    log,
    from: moved === 0 ? 0 : headerBytes + moved * frameBytes,
    through: Math.min(log.length, headerBytes + Math.max(frames, moved) * frameBytes)
  }
}
