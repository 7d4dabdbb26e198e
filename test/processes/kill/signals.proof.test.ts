/** Signals that a process can see, and ones it cannot; and two schedulers that want one file. In real processes, with real time. */
import { isOfFireTime } from "../../../src/store/claimKind.ts"
import { mkdtempSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { verifyFile } from "../../../src/sqlite.ts"
import { checkHistory } from "../../history/checkHistory.ts"
import type { Disk } from "../../history/history.ts"
import { bundled } from "../../bundle.ts"
import { expectedJobs, killHistory } from "./killHistory.ts"
import type { Child } from "./killLoop.ts"
import { killedScheduler, startChild } from "./killLoop.ts"
import { files, randomFrom } from "./killPlan.ts"

const seed = 11
let directory = ""
let program = ""
let world = ""
let worlds = 0

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "carillon-signals-"))
  program = await bundled(killedScheduler, directory)
})

afterAll(() => rmSync(directory, { recursive: true }))

beforeEach(() => {
  world = mkdtempSync(join(directory, `world-${worlds++}-`))
})

describe("SIGTERM and SIGINT", () => {
  it("drain at any moment, claim nothing more, and a second one forces", { timeout: 120_000 }, async () => {
    const random = randomFrom(seed)
    const ends: Array<readonly [forced: boolean, end: string]> = []
    for (let life = 0; life < 16; life++) {
      const child = start(life)
      expect(await child.reached("started"), child.errors()).toBe(true)
      await sleep(random() * 300)
      child.process.kill(random() < 0.5 ? "SIGTERM" : "SIGINT")
      await child.reached("stopping")
      const forced = life % 3 === 0
      if (forced) child.process.kill(random() < 0.5 ? "SIGTERM" : "SIGINT")
      ends.push([forced, await child.ended])
      expect(child.errors()).toBe("")
      expect(claimedSince(child.told("stopping") ?? "")).toEqual([])
    }
    // One that is forced may have drained before the second signal came.
    expect(ends.filter(([forced, end]) => !(end === "0" || (forced && end === "130")))).toEqual([])
    expect(ends.some(([, end]) => end === "130")).toBe(true)
    await mustBeSound()
  })

  it("before the start has ended leave a file that the next one takes", { timeout: 60_000 }, async () => {
    for (let life = 0; life < 6; life++) {
      const child = start(life)
      await child.reached("booted")
      await sleep(life * 4)
      child.process.kill("SIGTERM")
      expect(["0", "SIGTERM"]).toContain(await child.ended)
    }
    await endOf(start(6, "last"))
    expect((await verifyFile(files(world).database)).violations).toEqual([])
  })
})

describe("SIGSTOP, and SIGCONT after a while", () => {
  it("is downtime: what came due meanwhile follows the misfire rules, once, and nothing starts early", async () => {
    const child = start(0)
    await child.reached("started")
    await sleep(400)
    child.process.kill("SIGSTOP")
    const stoppedAt = Date.now()
    await sleep(2_500)
    const continuedAt = Date.now()
    child.process.kill("SIGCONT")
    await sleep(500)
    child.process.kill("SIGTERM")
    expect([await child.ended, child.errors()]).toEqual(["0", ""])
    const { ledger } = await mustBeSound()
    const overGap = ledger.filter(
      ({ fromAt, throughAt, at, count }) =>
        count > 0 && throughAt > stoppedAt && fromAt < continuedAt && at >= continuedAt
    )
    expect(new Set(overGap.map(({ kind }) => kind))).toEqual(new Set(["misfired", "coalesced"]))
    expect(overGap.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(100)
  })
})

describe("two schedulers and one file", () => {
  it("the second is refused, told whose it is, and gets in once the first is killed", async () => {
    const first = start(0)
    await first.reached("started")
    const second = start(1)
    expect(await second.ended).toBe("1")
    expect(second.errors()).toMatch(
      new RegExp(
        `^StoreInUse: store .*jobs.db is in use by process ${first.process.pid} on ${hostname()}, started \\d+ s ago; [^\\n]+$`
      )
    )
    expect(first.process.exitCode).toBe(null)
    first.process.kill("SIGKILL")
    await first.ended
    const third = start(2)
    expect(await third.reached("started"), third.errors()).toBe(true)
    third.process.kill("SIGTERM")
    expect(await third.ended).toBe("0")
    expect((await verifyFile(files(world).database)).violations).toEqual([])
  })

  it("one that takes the file over stops the first at its next write, which says why in one line", async () => {
    const first = start(0)
    await first.reached("started")
    await sleep(200)
    const second = start(1, "takeOver")
    expect(await second.reached("started"), second.errors()).toBe(true)
    expect(await first.ended).toBe("3")
    expect(first.told("stopped")).toMatch(/was taken over by a newer owner than epoch 1/)
    expect(first.errors()).toMatch(/^carillon: [^\n]*StoreFenced: [^\n]*$/)
    await sleep(200)
    second.process.kill("SIGTERM")
    expect([await second.ended, second.errors()]).toEqual(["0", ""])
    expect((await verifyFile(files(world).database)).violations).toEqual([])
  })
})

const start = (life: number, mode = "live"): Child => {
  const child = startChild(program, [world, String(seed), String(life), mode])
  onTestFinished(async () => {
    child.process.kill("SIGKILL")
    await child.ended
  })
  return child
}

const endOf = async (child: Child): Promise<void> => {
  expect([await child.ended, child.errors()]).toEqual(["0", ""])
}

/** Runs claimed for fire times after `at`. */
/** By the clock and by the order of runs: the one may be set back, the other lacks what was committed and not told yet. */
const claimedSince = (told: string): ReadonlyArray<string> => {
  const [at = NaN, newestRun = NaN] = told.split("/").map(Number)
  expect(newestRun).toBeGreaterThanOrEqual(0)
  return killHistory(files(world).database, files(world).ledger)
    .disk.runs.filter((run) => isOfFireTime(run) && run.claimedAt > at && run.runKey > newestRun)
    .map(({ runKey, claimedAt }) => `run ${runKey} was claimed ${claimedAt - at} ms after the signal`)
}

/** By the outside ledger, and by the file alone. */
const mustBeSound = async (): Promise<Disk> => {
  const { ledger, database } = files(world)
  const history = killHistory(database, ledger)
  expect(checkHistory(history, expectedJobs(history.disk))).toEqual([])
  expect((await verifyFile(database)).violations).toEqual([])
  return history.disk
}
