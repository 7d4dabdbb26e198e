/** Which jobs stay decoded. */
import { describe, expect, it } from "vitest"
import { JobCache } from "../../../src/engine/writer/jobCache.ts"
import { liveRun, makeJob } from "./jobs.ts"

const newCache = (limit: number) => {
  const left: Array<number> = []
  return { cache: new JobCache(limit, ({ key }) => left.push(key)), left }
}
const running = (key: number) => makeJob(key, { memory: { live: [liveRun(key)] } })

describe("a cache of jobs", () => {
  it("keeps as many idle ones as it may, and lets the one go that was used longest ago", () => {
    const { cache, left } = newCache(2)
    for (const key of [1, 2]) cache.put(makeJob(key))
    cache.put(makeJob(1))
    cache.put(makeJob(3))
    expect(left).toEqual([2])
    expect([1, 2, 3].map((key) => cache.byKey(key)?.key)).toEqual([1, undefined, 3])
    expect(cache.byId("job-2")).toBe(undefined)
    expect(cache.size).toBe(2)
  })

  it("keeps all that run, beyond its limit, and counts them as idle when their runs have ended", () => {
    const { cache, left } = newCache(1)
    for (const key of [1, 2, 3]) cache.put(running(key))
    expect([cache.size, left]).toEqual([3, []])
    cache.put(makeJob(1))
    cache.put(makeJob(2))
    expect(left).toEqual([1])
    expect(cache.byKey(3)?.memory.live.length).toBe(1)
  })

  it("gives the newest state, by key and by id", () => {
    const { cache } = newCache(5)
    cache.put(makeJob(1))
    cache.put(makeJob(1, { memory: { runCount: 7 } }))
    expect([cache.byKey(1)?.memory.runCount, cache.byId("job-1")?.memory.runCount]).toEqual([7, 7])
    expect(cache.size).toBe(1)
  })

  it("lets a job go that is done or removed, at once; one that still runs when it is removed keeps no id", () => {
    const { cache, left } = newCache(5)
    cache.put(makeJob(1, { memory: { exhausted: true, nextFireAt: null } }))
    cache.put(makeJob(2, { removedAt: 5 }))
    expect(left).toEqual([1, 2])
    cache.put(running(3))
    expect(cache.byId("job-3")?.key).toBe(3)
    cache.put({ ...running(3), removedAt: 5 })
    expect([cache.byKey(3)?.key, cache.byId("job-3")]).toEqual([3, undefined])
  })

  it("does not lose the id of a job to an earlier one that had it", () => {
    const { cache } = newCache(1)
    const renamed = { ...makeJob(2), row: { ...makeJob(2).row, id: "job-1" } }
    cache.put(makeJob(1))
    cache.put(renamed)
    expect(cache.byId("job-1")?.key).toBe(2)
  })

  it("of no size keeps only what runs", () => {
    const { cache, left } = newCache(0)
    cache.put(makeJob(1))
    cache.put(running(2))
    expect([left, cache.byKey(1), cache.byKey(2)?.key]).toEqual([[1], undefined, 2])
  })
})
