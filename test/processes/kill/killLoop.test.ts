/** `kill -9` a few times. More of them: `killLoop.proof.test.ts`. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { bundled } from "../../bundle.ts"
import { killedScheduler, killLoop } from "./killLoop.ts"

it("a scheduler that is killed a few times breaks no promise", async () => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-kill-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const program = await bundled(killedScheduler, directory)
  const { kills, violations, runs } = await killLoop({
    seed: 3,
    kills: 3,
    directory: join(directory, "world"),
    program
  })
  expect({ kills, violations, ran: runs > 0 }).toEqual({ kills: 3, violations: [], ran: true })
})
