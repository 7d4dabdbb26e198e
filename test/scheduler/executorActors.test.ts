/** An executor's actor says how full it is until nothing can come to it any more, and not that it has stopped before. */
import { createScheduler, date, inProcess, task } from "carillon"
import type { SchedulerOptions } from "carillon"
import { virtualClock } from "carillon/testing"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { AnyActorRef, InspectionEvent } from "xstate"
import { gate } from "../scenarios/world.ts"
import { hangingStore } from "./hangingStore.ts"

const start = Date.UTC(2026, 0, 5, 9)

describe("the actor of an executor", () => {
  it("that is idle when a stop begins takes the claim that was on its way to the disk", async () => {
    const { store, hang, answer } = hangingStore()
    const { scheduler, clock, shown } = make({ store })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "slow", trigger: date(start + 1000) })
    hang()
    await clock.advance("1 second")
    const stopped = scheduler.shutdown()
    expect(shown()).toEqual(["idle 0", "draining 0"])
    answer()
    await clock.settle()
    expect(shown()).toEqual(["idle 0", "draining 0", "draining 1"])
    await clock.advance("10 seconds")
    await stopped
    expect(shown()).toEqual(["idle 0", "draining 0", "draining 1", "draining 0", "stopped 0"])
  })

  it("drains and stops, where nothing comes to it any more", async () => {
    const { scheduler, shown } = make({})
    await scheduler.start()
    await scheduler.shutdown()
    expect(shown()).toEqual(["idle 0", "draining 0", "stopped 0"])
  })

  it("drains and stops, where a start fails", async () => {
    const { scheduler, shown } = make({})
    const started = scheduler.start()
    await Promise.all([scheduler.shutdown(), expect(started).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })])
    expect(shown()).toEqual(["idle 0", "draining 0", "stopped 0"])
  })

  it("that is removed drains until it is closed, though another has its name already", async () => {
    const { opened: closed, open: close } = gate()
    const { make: makeExecutor, ...provider } = inProcess({ concurrency: 2, queue: 0 })
    const executors = {
      default: {
        ...provider,
        make: (context: Parameters<typeof makeExecutor>[0]) => {
          const executor = makeExecutor(context)
          return Object.assign(executor, { close: () => closed })
        }
      }
    }
    const { scheduler, clock, shown } = make({ executors, jobDefaults: { onInterrupted: "skip" } })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "slow", trigger: date(start) })
    await clock.settle()
    scheduler.removeExecutor("default")
    scheduler.addExecutor("default", inProcess())
    await clock.settle()
    expect(shown()).toEqual(["idle 0", "busy 1", "draining 1", "idle 0"])
    close()
    await clock.settle()
    expect(shown()).toEqual(["idle 0", "busy 1", "draining 1", "idle 0", "draining 0", "stopped 0"])
    const { children } = (scheduler.actor.system.get("scheduler") as AnyActorRef).getSnapshot() as { children: object }
    expect(Object.keys(children)).toContain("executor:default")
    await scheduler.shutdown()
  })
})

function make(options: SchedulerOptions) {
  const clock = virtualClock(start)
  const states: Array<string> = []
  const inspect = (event: InspectionEvent) => {
    if (event.type !== "@xstate.snapshot" || !("id" in event.actorRef) || event.actorRef.id !== "executor:default")
      return
    const { value, context } = event.snapshot as unknown as { value: string; context: { inFlight: number } }
    const state = `${value} ${context.inFlight}`
    if (states.at(-1) !== state) states.push(state)
  }
  const slow = task("slow", () => Effect.sleep("10 seconds"))
  const scheduler = createScheduler({ clock, timezone: "UTC", tasks: [slow], inspect, ...options })
  return { clock, scheduler, shown: () => [...states] }
}
