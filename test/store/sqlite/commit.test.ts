/** The numbers of the owner row, which each commit keeps in step with the rows. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { batchOf, claim, job, settle, unfinished } from "../../../src/store/contract/storeCheck.ts"
import type { StoreBatch } from "../../../src/store/jobStore.ts"
import { commitBatch } from "../../../src/store/sqlite/commit.ts"
import { withSession } from "./notedSession.ts"

interface Numbers {
  readonly jobs: number
  readonly finished: number
  readonly jobKey: number
  readonly runKey: number
}

/** What the owner row says after some commits; its counts are those of the rows. */
const numbersAfter = (...batches: ReadonlyArray<Partial<StoreBatch>>): Promise<Numbers> =>
  withSession(
    () => undefined,
    (session) =>
      Effect.gen(function* () {
        for (const [at, batch] of batches.entries()) yield* commitBatch(session, at + 1, batchOf(batch), 5000)
        const [owner] = yield* session.connection.rows<Numbers>(
          "SELECT job_count AS jobs, finished_runs AS finished, job_key AS jobKey, run_key AS runKey FROM owner"
        )
        const [counted] = yield* session.connection.rows<Pick<Numbers, "jobs" | "finished">>(
          `SELECT (SELECT count(*) FROM jobs WHERE removed_at IS NULL) AS jobs,
          (SELECT count(*) FROM runs WHERE finished_at IS NOT NULL) AS finished`
        )
        expect(owner).toMatchObject({ ...counted })
        return owner ?? { jobs: -1, finished: -1, jobKey: -1, runKey: -1 }
      })
  )

const remove = (...keys: ReadonlyArray<number>) => keys.map((key) => ({ key, removedAt: 5000 }))
const runs: Partial<StoreBatch> = {
  added: [job(1)],
  claims: [1, 2, 3].map((key) => claim(key, 1, { fireAt: key }))
}

describe("the owner row", () => {
  it.each<[what: string, numbers: Numbers, ...batches: ReadonlyArray<Partial<StoreBatch>>]>([
    ["nothing", { jobs: 0, finished: 0, jobKey: 0, runKey: 0 }, {}],
    ["one job", { jobs: 1, finished: 0, jobKey: 7, runKey: 0 }, { added: [job(7)] }],
    ["several jobs", { jobs: 3, finished: 0, jobKey: 9, runKey: 0 }, { added: [job(9), job(3)] }, { added: [job(5)] }],
    [
      "removed jobs",
      { jobs: 1, finished: 0, jobKey: 3, runKey: 0 },
      { added: [1, 2, 3].map((key) => job(key)) },
      { removed: remove(1, 3) }
    ],
    [
      "a job that is removed again",
      { jobs: 1, finished: 0, jobKey: 2, runKey: 0 },
      { added: [job(1), job(2)] },
      { removed: remove(1) },
      { removed: remove(1, 9) }
    ],
    [
      "a job that goes with its batch",
      { jobs: 1, finished: 0, jobKey: 2, runKey: 0 },
      { added: [job(1), job(2)], removed: remove(2) }
    ],
    [
      "one job for another",
      { jobs: 1, finished: 0, jobKey: 2, runKey: 0 },
      { added: [job(1)] },
      { added: [job(2, { id: "job-1" })], removed: remove(1) }
    ],
    ["claimed runs", { jobs: 1, finished: 0, jobKey: 1, runKey: 3 }, runs],
    ["a run that ends", { jobs: 1, finished: 1, jobKey: 1, runKey: 3 }, runs, { settled: [settle(2)] }],
    ["a run that goes on", { jobs: 1, finished: 0, jobKey: 1, runKey: 3 }, runs, { settled: [settle(2, unfinished)] }],
    [
      "runs that end and one that goes on",
      { jobs: 1, finished: 2, jobKey: 1, runKey: 3 },
      runs,
      { settled: [settle(1), settle(2, unfinished), settle(3)] }
    ],
    [
      "a run that goes on and ends",
      { jobs: 1, finished: 1, jobKey: 1, runKey: 3 },
      runs,
      { settled: [settle(2, unfinished), settle(2)] }
    ],
    [
      "a run that ends twice",
      { jobs: 1, finished: 1, jobKey: 1, runKey: 3 },
      runs,
      { settled: [settle(2), settle(2)] },
      { settled: [settle(2)] }
    ],
    [
      "a job and a run at once",
      { jobs: 2, finished: 1, jobKey: 2, runKey: 3 },
      runs,
      { added: [job(2)], settled: [settle(1)] }
    ]
  ])("counts %s", async (_what, numbers, ...batches) => {
    expect(await numbersAfter(...batches)).toEqual(numbers)
  })

  it("is one row, or nothing is written", async () => {
    const found = await withSession(
      () => undefined,
      (session) =>
        Effect.gen(function* () {
          const { connection } = session
          yield* connection.rows("PRAGMA ignore_check_constraints = ON")
          yield* connection.run(
            "INSERT INTO owner SELECT 2, epoch, sequence, pid, host, started_at, job_count, finished_runs, job_key, run_key, events FROM owner"
          )
          const error = yield* Effect.flip(commitBatch(session, 1, batchOf({ added: [job(1)] }), 5000))
          return { error, jobs: yield* connection.rows("SELECT key FROM jobs") }
        })
    )
    expect(found).toMatchObject({ error: { _tag: "StoreUnreadable", cause: "it has 2 owner rows" }, jobs: [] })
  })
})
