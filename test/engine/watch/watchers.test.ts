import { describe, expect, it } from "vitest"

import { Watchers } from "../../../src/engine/watch/watchers.ts"
import type { StoreWriter } from "../../../src/engine/writer/storeWriter.ts"
import type { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import { ManualTimers } from "../../executor/manualTimers.ts"

const writer = { name: "default" } as unknown as StoreWriter

/** A commit that has changed these jobs, and how often the id of one of them was looked at. */
const commitOf = (ids: ReadonlyArray<string>) => {
  let looks = 0
  const jobs = ids.map((id) => ({
    row: {
      get id() {
        looks += 1
        return id
      }
    }
  }))
  return { unit: { changed: () => jobs } as unknown as UnitOfWork, looks: () => looks }
}

const newScene = () => {
  const timers = new ManualTimers()
  const reported: Array<unknown> = []
  const watchers = new Watchers(
    timers,
    (call) => call(),
    (error) => reported.push(error)
  )
  const told: Array<string> = []
  const watcher = (name: string) => ({
    changed: () => void told.push(`${name} changed`),
    committed: () => void told.push(`${name} committed`),
    refreshed: () => void told.push(`${name} refreshed`),
    forgotten: () => void told.push(`${name} forgotten`),
    streamChanged: (stream: string) => void told.push(`${name}: ${stream}`)
  })
  return { timers, watchers, told, watcher, reported }
}

describe("watchers", () => {
  it("costs a commit of watched jobs as many looks as it changes jobs, however many are watched", () => {
    const { watchers, told, watcher } = newScene()
    const ids = Array.from({ length: 500 }, (_, index) => `job${index}`)
    for (const id of ids) watchers.watchJob(id, watcher(id))
    const [all, one] = [commitOf(ids), commitOf(["job7"])]
    watchers.follow(writer, all.unit)
    watchers.follow(writer, one.unit)
    expect([all.looks(), one.looks()]).toEqual([500, 1])
    expect(told).toEqual([...ids, "job7"].map((id) => `${id} changed`))
  })

  it("looks at no commit once nobody watches", () => {
    const { watchers, watcher, told } = newScene()
    const ends = [
      watchers.watchJob("a", watcher("1")),
      watchers.watchJob("a", watcher("2")),
      watchers.watch(watcher("3"))
    ]
    watchers.follow(writer, commitOf(["a", "b"]).unit)
    expect(told.splice(0)).toEqual(["1 changed", "2 changed", "3 committed"])
    for (const end of ends) end()
    const unseen = commitOf(["a"])
    watchers.follow(writer, unseen.unit)
    expect([told, unseen.looks()]).toEqual([[], 0])
  })

  it("tells what no commit does to all, and deletions once in ten seconds", async () => {
    const { watchers, watcher, told, timers } = newScene()
    watchers.forgot()
    watchers.watchJob("a", watcher("1"))
    const end = watchers.watch(watcher("2"))
    watchers.refresh()
    watchers.streamChanged("s")
    for (let slice = 0; slice < 5; slice += 1) {
      watchers.forgot()
      await timers.advance(1_000)
    }
    expect(told.splice(0)).toEqual(["1 refreshed", "2 refreshed", "1: s", "2: s"])
    end()
    await timers.advance(10_000)
    expect(told).toEqual(["1 forgotten"])
  })

  it("reports what one throws, and tells the others", () => {
    const { watchers, watcher, told, reported } = newScene()
    watchers.watchJob("a", {
      ...watcher("1"),
      changed: () => {
        throw new Error("no")
      }
    })
    watchers.watchJob("a", watcher("2"))
    watchers.follow(writer, commitOf(["a"]).unit)
    expect([told, reported]).toMatchObject([["2 changed"], [{ message: "no" }]])
  })
})
