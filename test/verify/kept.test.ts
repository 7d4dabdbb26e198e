/** What is kept beside runs, looked at: in rows by hand, and in files whose rows were changed. */
import Database from "better-sqlite3"
import { describe, expect, it } from "vitest"
import { createMachine } from "xstate"
import { task } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import type { KeptRow } from "../../src/store/jobStore.ts"
import { readSent } from "../../src/store/sentMark.ts"
import { keptFaults } from "../../src/verify/kept.ts"
import { addJob, once, run } from "../scenarios/orders.ts"
import { newWorld, second, temporaryFile } from "../scenarios/world.ts"

const row: KeptRow = { runKey: 7, jobId: "a", live: true, received: 4, waiting: { first: 5, last: 6 } }

describe("what is kept beside a run", () => {
  it.each<readonly [string, Partial<KeptRow>, sentThrough: number | null, ReadonlyArray<string>]>([
    ["is sound as it is written", {}, 6, []],
    ["is sound where nothing is known of what was sent", {}, null, []],
    ["is sound without a step", { received: null }, 6, []],
    ["is sound without an event", { received: 0, waiting: null }, null, []],
    ["is of no run", { jobId: null, live: false }, 6, ["of run 7, which is not there"]],
    ["is of a run that is over", { live: false, waiting: null }, 6, ["a saved step of run 7, which is over"]],
    ["waits and has been received", { received: 5 }, 6, ["event 5 waits to run 7"]],
    ["waits and was never sent", {}, 5, ["run 7 has event 6"]],
    ["has received what was never sent", { received: 9, waiting: null }, 8, ["run 7 has event 9"]]
  ])("%s", (_, fields, sentThrough, faults) => {
    expect(keptFaults({ ...row, ...fields }, sentThrough)).toEqual(
      faults.map((fault): unknown => expect.stringContaining(fault))
    )
  })

  it("is counted by a mark, which damage makes unknown", () => {
    expect(["7", undefined, "", "x", "-1", "1.5", "9".repeat(30)].map(readSent)).toEqual([
      7,
      ...Array.from({ length: 6 }, () => null)
    ])
  })
})

/** Run `b` of a machine that has taken in one event, and to which another is sent; `a` is over. Then the process dies. */
const damaged = async (statement: string) => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const listening = createMachine({ initial: "a", states: { a: { on: { go: "b" } }, b: { on: { go: "c" } }, c: {} } })
  await world.start({ tasks: [task("listening", listening), task("quiet", () => null)] })
  await addJob(world, "listening")
  await world.scheduler.addJob({ id: "b", task: "quiet", trigger: once })
  await world.clock.advance(2 * second)
  const { runId } = await run(world)
  await world.scheduler.sendToRun(runId, { type: "go" })
  await world.clock.advance(second)
  await world.scheduler.pauseJob("a")
  await world.scheduler.sendToRun(runId, { type: "go" })
  await world.crash()
  const database = new Database(filename)
  database.exec(statement)
  database.close()
  const { violations } = await verifyFile(filename)
  return violations.map(({ invariant, jobId }) => `${jobId}: ${invariant}`)
}

describe("a file with machines", () => {
  it.each([
    ["nothing wrong", "", []],
    ["a step that is gone", "DELETE FROM checkpoints", ["a: savedSteps"]],
    ["a step of no run", "INSERT INTO checkpoints(run_key, text) VALUES (99, '{}')", ["null: savedSteps"]],
    [
      "a step of a run that is over",
      "INSERT INTO checkpoints(run_key, text) SELECT run_key, '{}' FROM runs WHERE finished_at IS NOT NULL",
      ["b: savedSteps"]
    ],
    ["events of no run", "INSERT INTO messages(run_key, number, text) VALUES (99, 1, '{}')", ["null: savedSteps"]],
    ["a step with more than was sent", "UPDATE checkpoints SET received = 9; DELETE FROM messages", ["a: savedSteps"]],
    ["an event that was taken in and waits", "UPDATE messages SET number = 1", ["a: savedSteps"]]
  ])("shows %s", async (_, statement, violations) => {
    expect(await damaged(statement)).toEqual(violations)
  })
})
