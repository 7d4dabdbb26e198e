/** The suite is tested, too: a store one of whose answers is wrong fails the check that has asked for it. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { memory } from "../../../src/index.ts"
import { jobStates } from "../../../src/job/snapshot.ts"
import { asClaimed, asStored, claim, entry, job } from "../../../src/store/contract/storeCheck.ts"
import { storeContract } from "../../../src/store/contract/storeContract.ts"
import type { DueAnswer, JobStore, KeptRow, OpenStore } from "../../../src/store/jobStore.ts"
import type { StoreError } from "../../../src/store/storeError.ts"

/** One row too few, or one too many where there was none. */
const otherRows = <Row>(rows: ReadonlyArray<Row>, stranger: Row): ReadonlyArray<Row> =>
  rows.length === 0 ? [stranger] : rows.slice(1)

const strangeJob = asStored(job(99_999))
const strangeRun = asClaimed(claim(99_999, 99_999))

const otherDue = ({ byExecutor, others }: DueAnswer): DueAnswer => ({
  byExecutor: new Map(
    [...byExecutor].map(([name, { rows, nextWakeAt }]) => [
      name,
      { rows: otherRows(rows, strangeJob), nextWakeAt: (nextWakeAt ?? 0) + 1 }
    ])
  ),
  others: [...others, "stranger"]
})

/** A store in memory whose `spoiled`-th answer to a question is another one. `asked` has the questions. */
const spoiling = (spoiled: number, asked: Array<string>): JobStore => {
  const store = memory()
  const answer =
    <A>(question: string, other: (answer: A) => A) =>
    (effect: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
      Effect.map(effect, (found) => (asked.push(question) - 1 === spoiled ? other(found) : found))
  const jobs = answer<Effect.Effect.Success<ReturnType<OpenStore["reads"]["jobs"]>>>("jobs", (rows) =>
    otherRows(rows, strangeJob)
  )
  const runs = answer<Effect.Effect.Success<ReturnType<OpenStore["orphans"]>>>("runs", (rows) =>
    otherRows(rows, strangeRun)
  )
  const ledger = answer<Effect.Effect.Success<ReturnType<OpenStore["reads"]["ledger"]>>>("ledger", (rows) =>
    otherRows(rows, { ...entry(99_999), jobId: "stranger" })
  )
  const events = answer<Effect.Effect.Success<ReturnType<OpenStore["reads"]["events"]>>>("events", (rows) =>
    otherRows(rows, { number: 99_999, at: 1, text: "" })
  )
  const counts = answer<Effect.Effect.Success<ReturnType<OpenStore["reads"]["countJobs"]>>>(
    "countJobs",
    (found) => new Map(jobStates.map((state) => [state, (found.get(state) ?? 0) + 1]))
  )
  const kept = answer<ReadonlyArray<KeptRow>>("kept", (rows) =>
    otherRows(rows, { runKey: 99_999, jobId: null, live: false, received: 0, waiting: null })
  )
  const committed = answer<number>("committed", (found) => found + 1)
  const purged = answer<number>("purge", (found) => found + 1)
  const instant = answer<number | null>("forgottenThrough", (found) => (found ?? 0) + 1)
  const due = answer("due", otherDue)
  return {
    description: store.description,
    open: (owner) =>
      Effect.map(store.open(owner), (open) => ({
        ...open,
        reads: {
          jobs: (lookup) => jobs(open.reads.jobs(lookup)),
          countJobs: () => counts(open.reads.countJobs()),
          runs: (filter) => runs(open.reads.runs(filter)),
          ledger: (filter) => ledger(open.reads.ledger(filter)),
          kept: (afterRunKey, limit) => kept(open.reads.kept(afterRunKey, limit)),
          events: (filter) => events(open.reads.events(filter))
        },
        committed: () => committed(open.committed()),
        due: (query) => due(open.due(query)),
        orphans: (afterRunKey, limit) => runs(open.orphans(afterRunKey, limit)),
        purge: (retention) => purged(open.purge(retention)),
        forgottenThrough: () => instant(open.forgottenThrough())
      }))
  }
}

describe("a check of the store contract looks at each answer", () => {
  it.each(storeContract(memory).map(({ name }, index) => ({ name, index })))("$name", async ({ index }) => {
    /** The question whose answer was spoiled, where the check has passed all the same. */
    const unnoticed = async (spoiled: number) => {
      const asked: Array<string> = []
      const check = storeContract(() => spoiling(spoiled, asked))[index]
      const passes = await check?.run().then(
        () => true,
        () => false
      )
      return { asked, question: passes === false ? null : (asked[spoiled] ?? "none") }
    }
    const { asked, question } = await unnoticed(-1)
    expect(question).toBe("none")
    const found = await Promise.all(asked.map((_, spoiled) => unnoticed(spoiled)))
    // Of a purge it may be what it leaves that counts.
    expect(found.map((each) => each.question).filter((each) => each !== null && each !== "purge")).toEqual([])
  })
})
