/** The suites on stores and executors that break their promises: what is told is one class, whole, as itself. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { inProcess, memory, StoreConflict, StoreUnavailable } from "../../src/index.ts"
import type {
  Executor,
  ExecutorProvider,
  JobStore,
  OpenStore,
  RunListener,
  RunRow,
  StoreReads
} from "../../src/index.ts"
import { ContractViolation, executorContract, storeContract } from "../../src/testing.ts"
import { ManualTimers } from "../executor/manualTimers.ts"

interface Check {
  readonly name: string
  readonly run: () => Promise<void>
}

/** What the checks that fail reject with. */
const rejections = async (checks: ReadonlyArray<Check>): Promise<ReadonlyArray<unknown>> => {
  const settled = await Promise.allSettled(checks.map(({ run }) => run()))
  return settled.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []))
}

/** A memory store of which each open store is as `change` says. */
const storeWith =
  (change: Change): (() => JobStore) =>
  () => {
    const whole = memory()
    return {
      description: whole.description,
      open: (owner) =>
        Effect.map(whole.open(owner), (open) => {
          const { reads = {}, ...changed } = change(open, open.reads)
          return over(open, { ...changed, reads: over(open.reads, reads) })
        })
    }
  }

/** What differs from a store that keeps its promises, given that one. */
type Change = (
  open: OpenStore,
  reads: StoreReads
) => Partial<Omit<OpenStore, "reads">> & { readonly reads?: Partial<StoreReads> }

/** Keys and counts are getters, and stay so. */
const over = <A extends object>(whole: A, changed: Partial<A>): A =>
  new Proxy(whole, { get: (_, name) => Reflect.get(name in changed ? changed : whole, name) as unknown })

const rowsOf = (change: (row: RunRow) => RunRow): Change => {
  return (_, reads) => ({
    reads: { runs: (filter) => Effect.map(reads.runs(filter), (rows) => rows.map(change)) }
  })
}

const brokenStores: Readonly<Record<string, Change>> = {
  "says it has written, and has not": () => ({ commit: () => Effect.succeed(true) }),
  "writes a commit again when asked again": (open) => {
    let sequence = 0
    return { commit: (_, batch) => open.commit(++sequence, batch) }
  },
  "gives the oldest run first": (_, reads) => ({
    reads: { runs: (filter) => Effect.map(reads.runs(filter), (rows) => rows.toReversed()) }
  }),
  "loses a run's arguments": rowsOf((row) => ({ ...row, args: null })),
  "gives numbers as its driver has them": rowsOf((row) => ({ ...row, fireAt: BigInt(row.fireAt) as never })),
  "has no ledger": () => ({ reads: { ledger: () => Effect.succeed([]) } }),
  "forgets its jobs": () => ({ reads: { jobs: () => Effect.succeed([]) } }),
  "does not know its newest commit": () => ({ committed: () => Effect.succeed(0) }),
  "has nothing due": () => ({ due: () => Effect.succeed({ byExecutor: new Map(), others: [] }) }),
  "deletes nothing": () => ({ purge: () => Effect.succeed(0) })
}

/** The executor of this process, of which each one made is as `change` says. */
const executorWith =
  (change: (executor: Executor) => Partial<Executor>, listenerOf = (listener: RunListener): RunListener => listener) =>
  (whole: ExecutorProvider): ExecutorProvider => ({
    kind: whole.kind,
    concurrency: whole.concurrency,
    queue: whole.queue,
    make: (context) => {
      const executor = whole.make({ ...context, listener: listenerOf(context.listener) })
      const { free, submit, cancel, close, status } = executor
      const bound = { free, submit, cancel, close, status }
      const kept = Object.fromEntries(Object.entries(bound).map(([name, verb]) => [name, verb.bind(executor)]))
      return { ...(kept as unknown as Executor), ...change(executor) }
    }
  })

const brokenExecutors: Readonly<Record<string, (whole: ExecutorProvider) => ExecutorProvider>> = {
  "tells each end twice": executorWith(
    () => ({}),
    (listener) => ({
      started: (...told) => listener.started(...told),
      progressed: (...told) => listener.progressed(...told),
      checkpointed: (...told) => listener.checkpointed(...told),
      settled: (...told) => {
        listener.settled(...told)
        listener.settled(...told)
      }
    })
  ),
  "tells no start": executorWith(
    () => ({}),
    (listener) => ({
      started: () => undefined,
      progressed: (...told) => listener.progressed(...told),
      checkpointed: (...told) => listener.checkpointed(...told),
      settled: (...told) => listener.settled(...told)
    })
  ),
  "swallows an order too many": executorWith((executor) => ({
    submit: (order) => {
      if (executor.free() > 0) executor.submit(order)
    }
  })),
  "cancels nothing": executorWith(() => ({ cancel: () => false })),
  "has room for ever": executorWith(() => ({ free: () => 1_000 })),
  "leaves what runs at its close": executorWith(() => ({ close: () => undefined })),
  "takes nothing": executorWith(() => ({ submit: () => undefined }))
}

const isWhole = (violation: unknown): void => {
  expect(violation).toBeInstanceOf(ContractViolation)
  if (!(violation instanceof ContractViolation)) return
  const { _tag, promise, expected, found, message } = violation
  expect(_tag).toBe("ContractViolation")
  expect(Object.keys(violation)).toEqual(expect.arrayContaining(["promise", "expected", "found"]))
  expect(promise).not.toBe("")
  expect(expected).not.toEqual(found)
  expect(message.startsWith(`${promise}: expected `)).toBe(true)
}

describe("a contract's suite", () => {
  it.each(Object.keys(brokenStores))("tells of a store that %s, and of nothing else", async (broken) => {
    const change = brokenStores[broken]
    const told = await rejections(storeContract(storeWith((open, reads) => change?.(open, reads) ?? {})))
    // It may refuse, too, what follows from its own mistake.
    const violations = told.filter((error) => !(error instanceof StoreConflict))
    expect(violations.length).toBeGreaterThan(0)
    violations.forEach(isWhole)
  })

  it.each(Object.keys(brokenExecutors))("tells of an executor that %s, and of nothing else", async (broken) => {
    const change = brokenExecutors[broken]
    const provider = ({
      concurrency,
      queue,
      stuckAfterMs
    }: {
      concurrency: number
      queue: number
      stuckAfterMs: number
    }) => {
      const whole = inProcess({ concurrency, queue, stuckAfter: stuckAfterMs })
      return change?.(whole) ?? whole
    }
    const told = await rejections(executorContract({ provider, timers: () => new ManualTimers() }))
    expect(told.length).toBeGreaterThan(0)
    told.forEach(isWhole)
  })

  it("passes a store's own error on as itself", async () => {
    const away = new StoreUnavailable({ store: "broken", operation: "open", cause: "gone", remedy: "none" })
    const told = await rejections(storeContract(() => ({ description: "away", open: () => Effect.fail(away) })))
    expect(told.length).toBe(storeContract(memory).length)
    expect(new Set(told)).toEqual(new Set([away]))
  })

  it("passes on what making the store threw, as itself", async () => {
    const mistake = new Error("no directory")
    const told = await rejections(
      storeContract(() => {
        throw mistake
      })
    )
    expect(new Set(told)).toEqual(new Set([mistake]))
  })
})
