/** `kill -9` right after an event to a run was answered. More of it: `sentEvents.proof.test.ts`. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { bundled } from "../../bundle.ts"
import { killWhileSending, sentEventsLife } from "./sentEvents.ts"

it("events that were answered before a kill come once, in order, to a machine that was put away", async () => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-sent-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const program = await bundled(sentEventsLife, directory)
  const numbers = [1, 2, 3]
  expect(await killWhileSending(program, join(directory, "jobs.db"), "waits", ["answered"])).toEqual({
    ends: ["SIGKILL", "0"],
    got: numbers,
    answered: numbers,
    violations: []
  })
})
