/** Stately's own inspector, attached to a running scheduler, as its far end sees it. */
import type {
  StatelyActorEvent,
  StatelyEventEvent,
  StatelyInspectionEvent,
  StatelySnapshotEvent
} from "@statelyai/inspect"
import { createWebSocketInspector } from "@statelyai/inspect"
import { createScheduler, interval, task } from "carillon"
import { virtualClock } from "carillon/testing"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { fromPromise } from "xstate"
import type { AnyActorRef, AnyMachineSnapshot } from "xstate"
import type { InspectionReceiver } from "./inspectionReceiver.ts"
import { receiveInspection } from "./inspectionReceiver.ts"

describe("Stately's WebSocket inspector", () => {
  it("is sent the scheduler, an executor and a job with their definitions, events and snapshots", async () => {
    await using receiver = await receiveInspection()
    const inspector = createWebSocketInspector({ url: receiver.url })
    const clock = virtualClock(Date.UTC(2026, 0, 5, 9))
    const scheduler = createScheduler({ clock, tasks: [slow], inspect: inspector.inspect })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "slow", trigger: interval({ minutes: 1 }) })
    await clock.advance("90 seconds")
    await scheduler.pauseJob("a")
    scheduler.pause()

    const root = await actorNamed(receiver, "scheduler")
    expect(statesIn(root)).toEqual([
      "active",
      "declaring",
      "degraded",
      "draining",
      "new",
      "paused",
      "starting",
      "stopped"
    ])
    await shown(receiver, root, "started", "active")
    await shown(receiver, root, "pause", "paused")

    const executor = await actorNamed(receiver, "executor:default")
    expect(executor.parentId).toBe(root.sessionId)
    expect(statesIn(executor)).toEqual(["busy", "draining", "idle", "saturated", "stopped"])
    await shown(receiver, executor, "submitted", "busy")
    await shown(receiver, executor, "settled", "idle")

    const job = await actorNamed(receiver, "job:a")
    expect(job.rootId).toBe(root.sessionId)
    expect(statesIn(job)).toEqual(["done", "misfired", "paused", "running", "scheduled"])
    await shown(receiver, job, "due", "running")
    await shown(receiver, job, "settled", "scheduled")
    const paused = await shown(receiver, job, "pause", "paused")
    expect(paused.snapshot).toMatchObject({ context: { jobId: "a", memory: { lastOutcome: "succeeded" } } })

    await scheduler.shutdown()
    await shown(receiver, root, "drained", "stopped")
    inspector.stop()
  })
})

describe("inspect", () => {
  it("is shown the actor of a task that is actor logic", async () => {
    const seen: Array<string> = []
    const clock = virtualClock(Date.UTC(2026, 0, 5, 9))
    const doubled = fromPromise(() => Promise.resolve(2))
    const scheduler = createScheduler({
      clock,
      tasks: [task("logic", doubled)],
      inspect: (event) => {
        if (event.type !== "@xstate.snapshot") return
        const { id } = event.actorRef as AnyActorRef
        seen.push(`${id} ${(event.snapshot as AnyMachineSnapshot).status}`)
      }
    })
    await scheduler.start()
    await scheduler.addJob({ task: "logic" })
    await clock.settle()
    const [run] = await scheduler.getRuns()
    expect(run).toMatchObject({ outcome: "succeeded", result: 2 })
    expect(seen).toContain(`${run?.runId ?? ""} done`)
    await scheduler.shutdown()
  })
})

const slow = task("slow", () => Effect.sleep("10 seconds"))

const actorNamed = (receiver: InspectionReceiver, name: string): Promise<StatelyActorEvent> =>
  receiver.first((message): message is StatelyActorEvent => {
    const found = message as StatelyInspectionEvent
    return found.type === "@xstate.actor" && found.name === name
  })

const statesIn = ({ definition }: StatelyActorEvent): ReadonlyArray<string> =>
  Object.keys((JSON.parse(definition ?? "{}") as { readonly states: object }).states).sort()

/** The event reached the actor, and a snapshot followed from it that shows the state. */
const shown = async (receiver: InspectionReceiver, { sessionId }: StatelyActorEvent, event: string, state: string) => {
  await receiver.first((message): message is StatelyEventEvent => {
    const found = message as StatelyInspectionEvent
    return found.type === "@xstate.event" && found.sessionId === sessionId && found.event.type === event
  })
  return receiver.first((message): message is StatelySnapshotEvent => {
    const found = message as StatelyInspectionEvent
    if (found.type !== "@xstate.snapshot" || found.sessionId !== sessionId || found.event.type !== event) return false
    return (found.snapshot as { readonly value?: unknown }).value === state
  })
}
