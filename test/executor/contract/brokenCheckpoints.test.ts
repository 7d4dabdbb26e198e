/** Executors that lose or mistake what attempts have saved, or how they ended with it, each found out by its clause. */
import { describe, expect, it } from "vitest"
import type { Executor, RunListener, RunOrder, Settlement } from "../../../src/executor/executor.ts"
import type { Json } from "../../../src/trigger/trigger.ts"
import type { Broken } from "./brokenExecutor.ts"
import { broken, violations } from "./brokenExecutor.ts"

const each = "each step of a task that saves them is told, as JSON text, between start and outcome"
const goesOn = "the next attempt goes on from the order's checkpoint, and one without begins at the beginning"
const waits = "an attempt that only waits is interrupted until then, its last step told before, and its slot is free"
const isDue = "a wait is over when it was to be, whenever the next attempt is made"
const unfit = "a checkpoint that does not fit its task is told as unfit, and nothing is begun anew"
const notSaved = "a step that cannot be saved fails the attempt, which is not tried again"
const crashed = "an attempt whose worker dies alone is told as crashed, and no other"

const sound: Broken = () => ({})
const as =
  (change: (order: RunOrder) => RunOrder): Broken =>
  (executor) => ({ submit: (order) => executor.submit(change(order)) })

describe("an executor of tasks with steps", () => {
  it.each<[string, (listener: RunListener) => Partial<RunListener>, string]>([
    ["that tells no step", () => ({ checkpointed: () => undefined }), each],
    ["that tells the first step only", firstOnly, each],
    [
      "that cuts a step short",
      ({ checkpointed }) => ({ checkpointed: (of, text) => checkpointed(of, text.slice(1)) }),
      each
    ],
    ["that tells a step twice", twice, each],
    ["that tells the steps after the outcome", afterwards, each],
    ["that goes on telling steps of before", firstOnly, goesOn]
  ])("%s is found out", async (_what, tells, clause) => {
    expect(
      await breaks(
        clause,
        broken(sound, (settlement) => settlement, tells)
      )
    ).toBe(true)
  })

  it.each<[string, Broken, string]>([
    ["that loses the order's checkpoint", as(({ checkpoint: _, ...order }) => order), goesOn],
    ["that gives one run's checkpoint to another", lastOfAny, goesOn],
    ["that begins anew where a checkpoint does not fit", as(fitting), unfit]
  ])("%s is found out", async (_what, calls, clause) => {
    expect(await breaks(clause, broken(calls))).toBe(true)
  })

  it.each<[string, (settlement: Settlement) => Settlement, string]>([
    ["that forgets until when an attempt waits", ({ waitsUntil: _, ...settlement }) => settlement, waits],
    ["that counts the wait from the next attempt on", later, isDue],
    ["that does not say that a checkpoint is unfit", ({ unfit: _, ...settlement }) => settlement, unfit],
    ["that tries again what cannot be saved", (settlement) => ({ ...settlement, retryable: true }), notSaved]
  ])("%s is found out", async (_what, settles, clause) => {
    expect(await breaks(clause, broken(sound, settles))).toBe(true)
  })
})

describe("an executor of what waits", () => {
  it("that keeps its slot is found out", async () => {
    let waiting = 0
    const keeps: Broken = (executor) => ({
      status: () => ({ ...executor.status(), running: executor.status().running + waiting })
    })
    const counts = (settlement: Settlement): Settlement => {
      if (settlement.waitsUntil !== undefined) waiting += 1
      return settlement
    }
    expect(await breaks(waits, broken(keeps, counts))).toBe(true)
  })
})

describe("an executor whose workers may die", () => {
  it("keeps the contract when it tells which attempt has died with its worker", async () => {
    expect(await violations(mortal((settlement) => ({ ...settlement, outcome: "failed", crashed: true })))).toEqual([])
    expect(
      await violations(mortal((settlement) => ({ ...settlement, outcome: "interrupted", crashed: true })))
    ).toEqual([])
  })

  it.each<[string, (settlement: Settlement) => Settlement]>([
    ["that says nothing of the death", (settlement) => ({ ...settlement, outcome: "interrupted" })],
    ["that takes a death for a success", (settlement) => ({ ...settlement, outcome: "succeeded" })],
    ["that takes a death for a cancellation", (settlement) => settlement]
  ])("%s is found out", async (_what, died) => {
    expect(await breaks(crashed, mortal(died))).toBe(true)
  })

  it("that takes the others' workers for dead is found out", async () => {
    const dies = (settlement: Settlement): Settlement => ({ ...settlement, outcome: "failed", crashed: true })
    expect(
      await breaks(
        crashed,
        mortal(dies, (executor) => void executor.cancel("b"))
      )
    ).toBe(true)
  })
})

/** Whether the executor breaks this clause. */
async function breaks(clause: string, checks: ReturnType<typeof broken>): Promise<boolean> {
  const named = checks.filter(({ name }) => name === clause)
  expect(named).toHaveLength(1)
  return (await violations(named)).length > 0
}

/** Whose workers die when they are told to: `died` is what it says of it, `also` what else it does. */
function mortal(died: (settlement: Settlement) => Settlement, also: (executor: Executor) => void = () => undefined) {
  const dying = new Set<string>()
  const crash = (executor: Executor, runId: string): void => {
    dying.add(runId)
    executor.cancel(runId)
    also(executor)
    dying.delete(runId)
  }
  const settles = (settlement: Settlement, { runId }: { readonly runId: string }): Settlement =>
    dying.has(runId) ? died(settlement) : settlement
  return broken(sound, settles, () => ({}), { crash })
}

function firstOnly({ checkpointed }: RunListener): Partial<RunListener> {
  let first: string | null = null
  return { checkpointed: (attempt, text) => checkpointed(attempt, (first ??= text)) }
}

function twice({ checkpointed }: RunListener): Partial<RunListener> {
  return {
    checkpointed: (attempt, text) => {
      checkpointed(attempt, text)
      checkpointed(attempt, text)
    }
  }
}

function afterwards({ checkpointed, settled }: RunListener): Partial<RunListener> {
  const kept: Array<() => void> = []
  return {
    checkpointed: (attempt, text) => void kept.push(() => checkpointed(attempt, text)),
    settled: (attempt, settlement) => {
      settled(attempt, settlement)
      for (const tell of kept.splice(0)) tell()
    }
  }
}

/** Gives every order the checkpoint that any order had last. */
function lastOfAny(executor: Executor): Partial<Executor> {
  let last: Json | undefined
  return {
    submit: (order) => {
      last = order.checkpoint ?? last
      executor.submit(last === undefined ? order : { ...order, checkpoint: last })
    }
  }
}

function fitting(order: RunOrder): RunOrder {
  const { checkpoint, ...rest } = order
  const { format } = (typeof checkpoint === "object" && checkpoint !== null ? checkpoint : {}) as { format?: Json }
  return format === 1 ? order : rest
}

function later(settlement: Settlement): Settlement {
  const { waitsUntil, startedAt } = settlement
  return waitsUntil === undefined || startedAt === null ? settlement : { ...settlement, waitsUntil: startedAt + 60_000 }
}
