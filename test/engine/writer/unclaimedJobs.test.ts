/** What jobs wait for. */
import { describe, expect, it } from "vitest"
import type { MissingPart } from "../../../src/engine/writer/unclaimedJobs.ts"
import { JobsUnclaimedError, UnclaimedJobs } from "../../../src/engine/writer/unclaimedJobs.ts"
import { makeJob } from "./jobs.ts"

const newUnclaimed = () => {
  const told: Array<MissingPart> = []
  const clock = { now: 10 }
  const unclaimed = new UnclaimedJobs(
    () => clock.now,
    (part) => told.push(part)
  )
  return { unclaimed, told, clock }
}

describe("what is missing", () => {
  it("is told once for each store, kind and name, until it comes", () => {
    const { unclaimed, told, clock } = newUnclaimed()
    for (const store of ["a", "b", "a"]) unclaimed.note(store, "task", "mail")
    unclaimed.note("a", "executor", "mail")
    expect(told).toEqual([
      { store: "a", missing: "task", name: "mail", since: 10 },
      { store: "b", missing: "task", name: "mail", since: 10 },
      { store: "a", missing: "executor", name: "mail", since: 10 }
    ])
    expect(unclaimed.list).toEqual(told)
    expect([unclaimed.names("a", "task"), unclaimed.names("b", "executor")]).toEqual([["mail"], []])
    clock.now = 20
    unclaimed.came("task", "mail")
    expect(unclaimed.list).toEqual([{ store: "a", missing: "executor", name: "mail", since: 10 }])
    unclaimed.note("a", "task", "mail")
    expect(told.at(-1)).toEqual({ store: "a", missing: "task", name: "mail", since: 20 })
  })

  it("of triggers is forgotten whatever came, since a calendar's name is not a trigger's", () => {
    const { unclaimed } = newUnclaimed()
    unclaimed.note("a", "trigger", "calendar holidays")
    unclaimed.note("a", "stream", "numbers")
    unclaimed.came("trigger", null)
    expect(unclaimed.list.map(({ missing }) => missing)).toEqual(["stream"])
  })

  it("of one name comes by itself", () => {
    const { unclaimed } = newUnclaimed()
    for (const name of ["mail", "report"]) unclaimed.note("a", "task", name)
    unclaimed.came("task", "mail")
    expect(unclaimed.names("a", "task")).toEqual(["report"])
  })

  it("goes with its store", () => {
    const { unclaimed } = newUnclaimed()
    unclaimed.note("a", "task", "mail")
    unclaimed.note("b", "task", "mail")
    unclaimed.closeStore("a")
    expect(unclaimed.list.map(({ store }) => store)).toEqual(["b"])
  })

  it("was missed until it came: the later of a job's task and executor, and nothing that nobody waited for", () => {
    const { unclaimed, clock } = newUnclaimed()
    const job = makeJob(1, { task: "mail", executor: "own" })
    unclaimed.came("task", "mail")
    expect(unclaimed.missedThrough(job)).toBe(null)
    unclaimed.note("a", "task", "mail")
    unclaimed.note("a", "executor", "own")
    clock.now = 30
    unclaimed.came("executor", "own")
    clock.now = 40
    unclaimed.came("task", "mail")
    expect(unclaimed.missedThrough(job)).toBe(40)
    expect(unclaimed.missedThrough(makeJob(2, { task: "other", executor: "own" }))).toBe(30)
    expect(unclaimed.missedThrough(makeJob(3))).toBe(null)
  })

  it.each([
    ["task", "addTask"],
    ["executor", "addExecutor"],
    ["stream", "addStream"],
    ["trigger", "addCalendar"]
  ] as const)("a %s: the error says what ends it", (missing, verb) => {
    expect(new JobsUnclaimedError({ store: "s", missing, name: "x" }).message).toContain(verb)
  })
})
