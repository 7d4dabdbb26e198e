/** Numbers and names in a file on which all jobs lean: damaged, they are mended at the start, which says so, and all jobs go on. */
import Database from "better-sqlite3"
import { expect, it } from "vitest"
import { inProcess, interval, StoreMended, task } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import { midnight, minute, newWorld, temporaryFile } from "../scenarios/world.ts"

const note = task("note", () => null)
const executors = { default: inProcess(), slow: inProcess({ concurrency: 2 }) }
const ids = ["a", "b", "slow"]

const cases: ReadonlyArray<readonly [what: string, sql: string, told: boolean]> = [
  ["executors emptied", "DELETE FROM executors", true],
  ["executors renumbered", "UPDATE executors SET number = number + 40", true],
  [
    "executors with each other's numbers",
    "UPDATE executors SET number = 13 - number; UPDATE executors SET number = number - 10",
    false
  ],
  ["an executor under another name", "UPDATE executors SET name = 'nobody' WHERE name = 'default'", false],
  ["an executor numbered past 2^31", "UPDATE executors SET number = 9223372036854775807 WHERE name = 'slow'", true],
  ["a job's executor that nobody is", "UPDATE job_state SET executor = 9007199254740993 WHERE key = 1", true],
  [
    "a run's key of 2^53",
    "UPDATE runs SET run_key = 9007199254740992 WHERE run_key = (SELECT min(run_key) FROM runs)",
    true
  ],
  [
    "a run's key of 2^63 - 1",
    "UPDATE runs SET run_key = 9223372036854775807 WHERE run_key = (SELECT min(run_key) FROM runs)",
    true
  ],
  ["a run's key below 0", "UPDATE runs SET run_key = -5 WHERE run_key = (SELECT min(run_key) FROM runs)", true],
  ["an entry's key of 2^63 - 1", "UPDATE ledger SET entry = 9223372036854775807 WHERE entry = 1", true],
  [
    "a job's key of -2^63",
    "UPDATE jobs SET key = -9223372036854775807 - 1 WHERE key = 1; UPDATE job_state SET key = -9223372036854775807 - 1 WHERE key = 1",
    true
  ],
  [
    "a job's key past 2^53",
    "UPDATE jobs SET key = 9007199254740993 WHERE key = 1; UPDATE job_state SET key = 9007199254740993 WHERE key = 1; UPDATE runs SET job_key = 9007199254740993 WHERE job_key = 1",
    true
  ],
  ...["9000000000000000000", "8640000000000001"].map(
    (at) => [`a wake-up at ${at}`, `UPDATE job_state SET wake_at = ${at} WHERE key = 1`, true] as const
  ),
  ["every wake-up at 9e18", "UPDATE job_state SET wake_at = 9000000000000000000", true],
  ...["job_count", "finished_runs", "job_key", "run_key", "epoch"].flatMap((column) =>
    ["9223372036854775807", "-9223372036854775807", "9007199254740993"].map(
      (value) => [`the owner row's ${column} of ${value}`, `UPDATE owner SET ${column} = ${value}`, true] as const
    )
  )
]

it.each(cases)("%s: every job goes on", async (_, sql, told) => {
  const filename = temporaryFile()
  const first = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const before = await first.start({ tasks: [note], executors })
  for (const id of ids) {
    const executor = id === "slow" ? "slow" : "default"
    await before.addJob({ id, task: note, trigger: interval("1 minute", { start: midnight + minute }), executor })
  }
  await first.clock.advance(3 * minute)
  first.clock.stepWall(3 * minute)
  await first.clock.advance(minute)
  await before.shutdown()
  const database = new Database(filename)
  database.pragma("foreign_keys = OFF")
  database.exec(sql)
  database.close()
  expect((await verifyFile(filename, { runAge: "1 day" })).ok).toBe(false)
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  world.clock.stepWall(20 * minute)
  const scheduler = await world.start({ tasks: [note], executors })
  expect(
    world.reported.filter((error) => error instanceof StoreMended).length,
    world.reported.map(String).join()
  ).toBeGreaterThanOrEqual(told ? 1 : 0)
  const ran = new Map<string, number>()
  scheduler.on("RunSucceeded", ({ jobId }) => void ran.set(jobId, (ran.get(jobId) ?? 0) + 1))
  await world.clock.advance(6 * minute)
  for (const id of ids) expect([id, (ran.get(id) ?? 0) >= 5]).toEqual([id, true])
  expect(await scheduler.getJobs({ fault: true })).toEqual([])
  expect((await scheduler.getJobs()).map(({ executor }) => executor).toSorted()).toEqual(["default", "default", "slow"])
  await scheduler.addJob({ id: "later", task: note, trigger: interval("1 minute") })
  await scheduler.shutdown()
})
