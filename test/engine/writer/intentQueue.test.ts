/** Intents that wait, and the jobs that they need. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { Intent } from "../../../src/engine/writer/intent.ts"
import { IntentQueue, jobsOf } from "../../../src/engine/writer/intentQueue.ts"
import { JobCache } from "../../../src/engine/writer/jobCache.ts"
import type { JobLookup, JobRow, OpenStore } from "../../../src/store/jobStore.ts"
import { makeJob } from "./jobs.ts"

const intent = (weight: number, needs: Partial<Intent> = {}): Intent => ({
  weight,
  apply: () => undefined,
  committed: () => undefined,
  failed: () => undefined,
  ...needs
})
const queueOf = (...weights: ReadonlyArray<number>): IntentQueue => {
  const queue = new IntentQueue()
  for (const weight of weights) queue.push(intent(weight))
  return queue
}
const weights = (taken: ReadonlyArray<Intent>) => taken.map(({ weight }) => weight)

describe("a queue of intents", () => {
  it("gives the first up to a weight, in order, and keeps the others", () => {
    const queue = queueOf(2, 3, 4)
    expect(weights(queue.take(5))).toEqual([2, 3])
    expect(queue.length).toBe(1)
    expect(weights(queue.take(5))).toEqual([4])
    expect(weights(queue.take(5))).toEqual([])
  })

  it("gives one that is too heavy by itself, and takes none beyond the weight to fill a gap", () => {
    const queue = queueOf(9, 1)
    expect(weights(queue.take(5))).toEqual([9])
    expect(weights(queueOf(4, 2, 1).take(5))).toEqual([4])
  })

  it("takes one that touches no job for one all the same", () => {
    const queue = queueOf(0, 0, 1)
    expect([queue.take(1), queue.take(1), queue.take(1)].map(weights)).toEqual([[0], [0], [1]])
  })

  it("has those first that were put back", () => {
    const queue = queueOf(1, 2)
    const taken = queue.take(1)
    queue.push(intent(3))
    queue.putBack(taken)
    expect(weights(queue.empty())).toEqual([1, 2, 3])
    expect(queue.length).toBe(0)
  })

  it("gives up those of callers who have waited long enough, to the millisecond, and no others", () => {
    const queue = new IntentQueue()
    for (const givenAt of [10, 11, undefined]) queue.push(intent(1, givenAt === undefined ? {} : { givenAt }))
    expect(queue.overdue(9)).toEqual([])
    expect(queue.overdue(10).map(({ givenAt }) => givenAt)).toEqual([10])
    expect(queue.length).toBe(2)
  })
})

describe("the jobs that intents need", () => {
  const storeWith = (lookups: Array<JobLookup>) =>
    ({
      reads: {
        jobs: (lookup: JobLookup) => {
          lookups.push(lookup)
          const keys = "keys" in lookup ? lookup.keys : [90]
          return Effect.succeed(keys.map((key) => ({ ...makeJob(key).row, key })) as unknown as ReadonlyArray<JobRow>)
        }
      }
    }) as unknown as OpenStore

  it("are those kept decoded, and rows of the others, each asked for once", () => {
    const cache = new JobCache(5, () => undefined)
    cache.put(makeJob(1))
    const lookups: Array<JobLookup> = []
    const intents = [intent(1, { ids: ["job-1", "job-90"] }), intent(1, { keys: [1, 2] }), intent(1, { keys: [2, 3] })]
    const found = Effect.runSync(jobsOf(intents, cache, storeWith(lookups)))
    expect(found.map(({ key }) => key).toSorted()).toEqual([1, 1, 2, 3, 90])
    expect(lookups).toEqual([{ ids: ["job-90"] }, { keys: [2, 3] }])
  })

  it("cost no call when all are kept, or none is needed", () => {
    const cache = new JobCache(5, () => undefined)
    cache.put(makeJob(1))
    const lookups: Array<JobLookup> = []
    expect(Effect.runSync(jobsOf([intent(1)], cache, storeWith(lookups)))).toEqual([])
    expect(Effect.runSync(jobsOf([intent(1, { keys: [1] })], cache, storeWith(lookups))).length).toBe(1)
    expect(lookups).toEqual([])
    expect(Effect.runSync(jobsOf([intent(1, { keys: [2] })], cache, storeWith(lookups))).length).toBe(1)
    expect(lookups).toEqual([{ keys: [2] }])
  })
})
