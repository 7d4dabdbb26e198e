/** Attempts that outlived the scheduler, and workers that die under an attempt. */
import { describe, expect, it } from "vitest"
import type { InterruptedEvent } from "../../src/job/jobEvent.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { decided } from "./decided.ts"
import { contextOf, run } from "./jobContext.ts"

describe("attempts that an executor still makes", () => {
  it("are the new owner's, those that were named and are under way", () => {
    const waits = run(2, { retryAt: 300 })
    const { memory } = decided(contextOf({ live: [run(1), waits, run(3), run(4)] }), {
      type: "adopted",
      now: 100,
      runKeys: [1, 2, 4],
      epoch: 8
    })
    expect(memory.live).toEqual([run(1, { adoptedBy: 8 }), waits, run(3), run(4, { adoptedBy: 8 })])
  })
})

describe("a worker that dies under an attempt", () => {
  const died = (memory: Partial<JobMemory>, event: Partial<InterruptedEvent> = {}) =>
    decided(contextOf(memory), {
      type: "interrupted",
      now: 100,
      firstRunKey: 7,
      runKeys: [1, 2],
      crash: false,
      workerDied: true,
      next: null,
      ...event
    }).memory

  it("is counted for its run, and shows that the process lives", () => {
    expect(died({ live: [run(1)], crashes: 2 })).toMatchObject({
      live: [{ attempt: 2, retryAt: 100, workerDeaths: 1 }],
      crashes: 0,
      fault: null
    })
  })

  it("parks the job at the third in a row of any one run, and says what died", () => {
    const memory = died({ live: [run(1), run(2, { workerDeaths: 2 })] })
    expect(memory).toMatchObject({ live: [], pausedAt: 100, fault: { kind: "poison" } })
    expect(memory.fault?.message).toContain("the worker of a run died 3 times in a row")
    expect(died({ live: [run(1), run(2, { workerDeaths: 1 })] }).fault).toBeNull()
    expect(died({ live: [run(1, { workerDeaths: 2 })], removed: true }).fault).toBeNull()
  })

  it("is none where the process died, which is said instead", () => {
    const memory = died({ live: [run(1, { workerDeaths: 2 })], crashes: 2 }, { crash: true, workerDied: false })
    expect(memory.fault?.message).toContain("the process died 3 times in a row")
  })

  it("is forgotten with another end of an attempt, and leaves nothing behind in the run", () => {
    const settled = (live: ReturnType<typeof run>) =>
      decided(
        contextOf(
          { live: [live] },
          { retry: { attempts: 9, backoffMs: 5, factor: 1, maxBackoffMs: 5, jitter: 0, when: null } }
        ),
        {
          type: "settled",
          now: 100,
          firstRunKey: 7,
          runKey: 1,
          outcome: "failed",
          errorName: "Error",
          retryable: true,
          next: null
        }
      ).memory.live
    const again = { attempt: 2, retryAt: 105 }
    expect(settled(run(1, { workerDeaths: 2 }))).toStrictEqual([run(1, again)])
    expect(settled(run(1))).toStrictEqual([run(1, again)])
  })
})
