/** Whatever is committed and asked, the store in memory and the one in a file give the same answers. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Either } from "effect"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { memory } from "../../src/index.ts"
import { byKey } from "../../src/store/contract/storeCheck.ts"
import type { JobStore, OpenStore, StoreBatch } from "../../src/store/jobStore.ts"
import type { StoreError } from "../../src/store/storeError.ts"
import { sqlite } from "../../src/sqlite.ts"
import {
  anyBatch,
  anyDueQuery,
  anyJobFilter,
  anyLedgerFilter,
  anyRetention,
  anyRunFilter,
  firstBatch
} from "./anyBatch.ts"

const allKeys = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const allRuns = [...allKeys, 10, 11, 12]

/** Asked of an open store: an answer as plain data, or the tag of its error. */
type Question = (store: OpenStore) => Effect.Effect<unknown, StoreError>

/** What two stores must be alike in, and how it is asked of each. */
const everything: Question = (store) =>
  Effect.all({
    jobs: store.reads.jobs({ byWake: false }),
    removedToo: Effect.map(store.reads.jobs({ keys: allKeys }), byKey),
    named: Effect.map(store.reads.jobs({ ids: ["a", "b", "c", "d", "nobody"] }), byKey),
    ofStreams: Effect.map(store.reads.jobs({ ofStreams: true }), byKey),
    counts: Effect.map(store.reads.countJobs(), (counts) => [...counts].sort()),
    runs: store.reads.runs({}),
    ledger: store.reads.ledger({}),
    orphans: store.orphans(0, 100),
    checkpoints: Effect.map(store.checkpoints(allRuns), (found) => [...found].sort()),
    messages: Effect.map(store.messages(allRuns), (found) => [...found.values()].flat()),
    forgotten: store.forgottenThrough()
  })

const anyQuestion: fc.Arbitrary<Question> = fc.oneof(
  anyJobFilter.map(
    (filter): Question =>
      (store) =>
        store.reads.jobs(filter)
  ),
  anyRunFilter.map(
    (filter): Question =>
      (store) =>
        store.reads.runs(filter)
  ),
  anyLedgerFilter.map(
    (filter): Question =>
      (store) =>
        store.reads.ledger(filter)
  ),
  anyDueQuery.map(
    (query): Question =>
      (store) =>
        Effect.map(store.due(query), ({ byExecutor, others }) => [[...byExecutor], [...others].sort()])
  ),
  fc.record({ after: fc.nat(9), limit: fc.integer({ min: 1, max: 4 }) }).map(
    ({ after, limit }): Question =>
      (store) =>
        store.orphans(after, limit)
  ),
  // In what order rows go is a store's own; when no call deletes any more, the same must be left.
  anyRetention.map(
    (retention): Question =>
      (store) =>
        Effect.iterate(1, { while: (deleted) => deleted > 0, body: () => store.purge(retention) })
  )
)

type Step = { readonly ask: Question } | { readonly reopenAt: number } | { readonly commit: StoreBatch }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: anyBatch.map((commit) => ({ commit })) },
  { weight: 8, arbitrary: anyQuestion.map((ask) => ({ ask })) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 12 }).map((reopenAt) => ({ reopenAt })) }
)

/**
 * `batch` as an engine would write it: a job is removed once, an id stays, and so does an executor unless definition and state name the
 * new one together.
 */
const asWritten = (store: OpenStore, batch: StoreBatch): Effect.Effect<StoreBatch, StoreError> =>
  Effect.map(store.reads.jobs({ keys: allKeys }), (jobs) => {
    const gone = new Set(jobs.flatMap(({ key, removedAt }) => (removedAt === null ? [] : [key])))
    const before = new Map([...jobs, ...batch.added].map((row) => [row.key, row]))
    const redefined = new Map(batch.redefined.map(({ key, executor }) => [key, executor]))
    const states = new Set(batch.states.map(({ key }) => key))
    const executorOf = (key: number): string =>
      (states.has(key) ? redefined.get(key) : undefined) ?? before.get(key)?.executor ?? "default"
    return {
      ...batch,
      removed: batch.removed.filter(
        ({ key }, index, all) => !gone.has(key) && all.findIndex((row) => row.key === key) === index
      ),
      redefined: batch.redefined.map((row) => ({
        ...row,
        id: before.get(row.key)?.id ?? row.id,
        executor: executorOf(row.key)
      })),
      states: batch.states.map((row) => ({ ...row, executor: executorOf(row.key) }))
    }
  })

const outcomeOf = <A>(effect: Effect.Effect<A, StoreError>): Effect.Effect<unknown> =>
  Effect.map(
    Effect.either(effect),
    Either.mapLeft(({ _tag }) => _tag)
  )

/** All that a store answers to `steps`, one after the other; before an owner leaves, everything is asked. */
const life = async (store: JobStore, steps: ReadonlyArray<Step>): Promise<ReadonlyArray<unknown>> => {
  const answers: Array<unknown> = []
  const owners: Array<{ startedAt: number; steps: Array<Exclude<Step, { readonly reopenAt: number }>> }> = [
    { startedAt: 0, steps: [{ commit: firstBatch }] }
  ]
  for (const step of steps)
    if ("reopenAt" in step) owners.push({ startedAt: step.reopenAt, steps: [] })
    else owners.at(-1)?.steps.push(step)
  for (const owner of owners)
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const open = yield* store.open({ pid: 7, host: "test", startedAt: owner.startedAt })
          const { epoch, nextJobKey, nextRunKey, nextMessage, waiting, marks } = open
          const inMarks = { m: marks.get("m"), n: marks.get("n") }
          answers.push({ epoch, nextJobKey, nextRunKey, nextMessage, waiting: [...waiting].sort(), ...inMarks })
          let sequence = 1
          for (const step of owner.steps)
            if ("ask" in step) answers.push(yield* outcomeOf(step.ask(open)))
            else {
              const committed = yield* Effect.either(
                Effect.flatMap(asWritten(open, step.commit), (batch) => open.commit(sequence, batch))
              )
              if (Either.isRight(committed)) sequence += 1
              answers.push(
                Either.mapLeft(committed, ({ _tag }) => _tag),
                yield* outcomeOf(everything(open))
              )
            }
          answers.push(yield* outcomeOf(open.committed()), yield* outcomeOf(everything(open)))
        })
      )
    )
  return answers
}

describe("two stores", () => {
  let directory = ""
  let files = 0
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "carillon-agreement-"))
  })
  afterAll(() => {
    rmSync(directory, { recursive: true })
  })

  // Several tests, so that each is short.
  it.each([1, 2, 3, 4, 5, 6])(
    "agree in every answer, lives of seed %i",
    async (seed) => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 60, size: "max" }), async (steps) => {
          const filename = join(directory, `${(files += 1)}.db`)
          expect(await life(sqlite({ filename, durability: "normal" }), steps)).toEqual(await life(memory(), steps))
        }),
        { seed, numRuns: 5, endOnFailure: true }
      )
    },
    60_000
  )
})
