/** `kill -9` at random moments: nothing acknowledged is lost, each fire time is accounted for once, every interrupted run resolves. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bundled } from "../../bundle.ts"
import type { KillLoopResult } from "./killLoop.ts"
import { killedScheduler, killLoop } from "./killLoop.ts"

describe("a scheduler that is killed again and again", () => {
  let directory = ""
  let result: KillLoopResult

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "carillon-kill-"))
    const program = await bundled(killedScheduler, directory)
    // More: npm run chaos -- --kills 1000
    result = await killLoop({ seed: 7, kills: 50, directory: join(directory, "world"), program })
  }, 240_000)

  afterAll(() => rmSync(directory, { recursive: true }))

  it("breaks no promise", () => {
    expect(result.violations).toEqual([])
  })

  it("was killed at work and at its start, in mid-run, with commands acknowledged", () => {
    expect(result.kills).toBe(50)
    const { killsDuringStart, fires, runs, interrupted, wentOn, stepsSaved, waited, acknowledged } = result
    expect(killsDuringStart).toBeGreaterThan(0)
    expect(Math.min(fires, runs)).toBeGreaterThan(1000)
    expect(interrupted).toBeGreaterThan(10)
    expect(wentOn).toBeGreaterThan(5)
    expect(stepsSaved).toBeGreaterThan(10)
    expect(waited).toBeGreaterThan(3)
    expect(acknowledged).toBeGreaterThan(50)
  })
})
