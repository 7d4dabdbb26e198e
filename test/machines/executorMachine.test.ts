import { describe, expect, it } from "vitest"
import { createActor } from "xstate"
import type { ExecutorContext, ExecutorEvent } from "../../machines/index.ts"
import { executorMachine } from "../../machines/index.ts"
import { explore } from "./machineModel.ts"

describe("executorMachine", () => {
  it("takes every transition that it has, and no other", () => {
    const explored = explore<ExecutorContext, ExecutorEvent>({
      machine: executorMachine,
      input: { concurrency: 1, queue: 2 },
      events: () => [
        ...[1, 2, 3, 4].flatMap((count): Array<ExecutorEvent> => [
          { type: "submitted", count },
          { type: "settled", count }
        ]),
        { type: "drain" },
        { type: "closed" },
        { type: "order", jobId: "a", runId: "1", attempt: 1 }
      ],
      facts: ({ inFlight }) => inFlight,
      holds: (value, { inFlight, concurrency, queue }) => {
        if (value === "idle" || value === "stopped") expect(inFlight).toBe(0)
        else if (value !== "draining") expect(inFlight).toBeGreaterThan(0)
        expect(inFlight).toBeLessThanOrEqual(concurrency + queue)
        if (value === "saturated") expect(inFlight).toBe(concurrency + queue)
        if (value === "busy") expect(inFlight).toBeLessThan(concurrency + queue)
      }
    })
    expect(explored).toEqual({
      edges: {
        idle: { submitted: ["busy", "saturated"], drain: ["draining"], order: ["idle"] },
        busy: { submitted: ["busy", "saturated"], settled: ["busy", "idle"], drain: ["draining"], order: ["busy"] },
        saturated: { settled: ["busy", "idle"], drain: ["draining"], order: ["saturated"] },
        draining: { submitted: ["draining"], settled: ["draining"], closed: ["stopped"], order: ["draining"] }
      },
      untaken: [],
      unguarding: [],
      unreached: []
    })
  })

  it("knows the orders that inspected jobs show, and wants a look while it is full", () => {
    expect(executorMachine.root.transitions.has("order")).toBe(true)
    const executor = startExecutor()
    executor.send({ type: "submitted", count: 2 })
    expect([...executor.getSnapshot().tags]).toEqual([])
    executor.send({ type: "submitted", count: 1 })
    expect([...executor.getSnapshot().tags]).toEqual(["needs-a-look"])
  })

  it("refuses more orders than it has room for", () => {
    const executor = startExecutor()
    expect(executor.getSnapshot().can({ type: "submitted", count: 3 })).toBe(true)
    expect(executor.getSnapshot().can({ type: "submitted", count: 4 })).toBe(false)
  })

  it("takes what was claimed before while it drains, also where it was idle", () => {
    const executor = startExecutor()
    executor.send({ type: "drain" })
    expect(executor.getSnapshot()).toMatchObject({ value: "draining", status: "active" })
    expect(executor.getSnapshot().can({ type: "submitted", count: 4 })).toBe(false)
    executor.send({ type: "submitted", count: 3 })
    expect(executor.getSnapshot()).toMatchObject({ value: "draining", context: { inFlight: 3 } })
  })

  it("stops only when it is closed and the last run has settled", () => {
    const executor = startExecutor()
    executor.send({ type: "submitted", count: 2 })
    executor.send({ type: "drain" })
    executor.send({ type: "settled", count: 1 })
    expect(executor.getSnapshot().can({ type: "closed" })).toBe(false)
    executor.send({ type: "settled", count: 1 })
    expect(executor.getSnapshot().value).toBe("draining")
    executor.send({ type: "closed" })
    expect(executor.getSnapshot()).toMatchObject({ value: "stopped", status: "done", context: { inFlight: 0 } })
  })

  it("comes back from its saved snapshot", () => {
    const executor = startExecutor()
    executor.send({ type: "submitted", count: 3 })
    const saved: unknown = JSON.parse(JSON.stringify(executor.getPersistedSnapshot()))
    const restored = createActor(executorMachine, { input, snapshot: saved as never }).start()
    restored.send({ type: "settled", count: 1 })
    expect(restored.getSnapshot()).toMatchObject({ value: "busy", context: { ...input, inFlight: 2 } })
  })
})

const input = { concurrency: 2, queue: 1 }
const startExecutor = () => createActor(executorMachine, { input }).start()
