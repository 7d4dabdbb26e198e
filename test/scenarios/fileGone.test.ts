/** A store's file that is deleted, moved or replaced under a running scheduler: nothing more is acknowledged into it. */
import { copyFileSync, renameSync, rmSync } from "node:fs"
import { expect, it } from "vitest"
import { date, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { midnight, minute, newWorld, second, temporaryFile } from "./world.ts"

const newScene = async () => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename }))
  const ran: Array<number> = []
  const note = task("note", ({ fireAt }) => void ran.push(fireAt - midnight))
  const scheduler = await world.start({ tasks: [note] })
  await scheduler.addJob({ id: "a", task: note, trigger: interval("10 seconds", { start: midnight + 10 * second }) })
  await world.clock.advance(15 * second)
  return { ...world, scheduler, filename, ran }
}

const displaced: ReadonlyArray<readonly [string, (filename: string) => void]> = [
  ["moved", (filename) => renameSync(filename, `${filename}.moved`)],
  [
    "replaced",
    (filename) => {
      renameSync(filename, `${filename}.moved`)
      copyFileSync(`${filename}.moved`, filename)
    }
  ]
]

it.each(displaced)(
  "while it is %s nothing is acknowledged or started; it is put back, and nothing was lost",
  async (_how, displace) => {
    const { scheduler, clock, events, filename, ran } = await newScene()
    displace(filename)
    const refused = scheduler
      .addJob({ id: "b", task: "note", trigger: date(midnight + minute) })
      .catch((error: unknown) => error)
    await clock.advance(35 * second)
    expect(await refused).toMatchObject({ _tag: "StoreUnavailable", operation: "commit" })
    expect(ran).toEqual([10_000])
    expect(await scheduler.status()).toMatchObject({ state: "degraded" })
    renameSync(`${filename}.moved`, filename)
    await clock.advance(minute)
    expect((await scheduler.status()).state).toBe("active")
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["SchedulerDegraded", "SchedulerRecovered"]))
    // The fire times of the outage were coalesced into one run.
    expect(ran.length).toBeGreaterThan(5)
    expect((await scheduler.verify()).violations).toEqual([])
  }
)

it("when it is deleted, the command is refused and a stop ends", async () => {
  const { scheduler, clock, filename } = await newScene()
  rmSync(filename)
  const refused = scheduler.addJob({ id: "b", task: "note" }).catch((error: unknown) => error)
  await clock.advance(35 * second)
  expect(await refused).toMatchObject({ message: expect.stringContaining("deleted or moved") as string })
  const stopped = scheduler.shutdown({ deadline: "5 seconds" })
  await clock.advance(10 * second)
  await stopped
})
