/** What executors and listeners throw: reported to `onError`, counted and shown in `status()`, and nobody else is harmed. */
import { describe, expect, it } from "vitest"
import { inProcess, interval, task } from "../../src/index.ts"
import type { ExecutorProvider } from "../../src/index.ts"
import { midnight, minute, newWorld, second, firstRunId } from "../scenarios/world.ts"
import { refusalOf } from "./refusalOf.ts"

const quiet = task("quiet", () => null)
const minutely = interval("1 minute", { start: midnight + minute })

describe("an executor that throws", () => {
  /** In-process, until `broken` names a call of it. */
  const fragile = (broken: { call: string }): ExecutorProvider => {
    const sound = inProcess()
    return {
      ...sound,
      make: (context) => {
        const executor = sound.make(context)
        const check = (call: string): void => {
          if (broken.call === call) throw new Error(`${call} is broken`)
        }
        return {
          free: () => (check("free"), executor.free()),
          submit: (order) => (check("submit"), executor.submit(order)),
          cancel: (runId) => (check("cancel"), executor.cancel(runId)),
          close: () => (check("close"), executor.close()),
          status: () => (check("status"), executor.status())
        }
      }
    }
  }

  it.each(["free", "submit", "cancel", "status", "close"])(
    "in %s: it is reported and shown, the others run",
    async (call) => {
      const broken = { call: "" }
      const world = newWorld("memory")
      const scheduler = await world.start({ tasks: [quiet], executors: { default: inProcess(), bad: fragile(broken) } })
      await scheduler.addJob({ id: "bad", task: quiet, executor: "bad", trigger: minutely })
      await scheduler.addJob({ id: "good", task: quiet, trigger: minutely })
      broken.call = call
      await world.clock.advance(minute)
      await scheduler.cancelRun(firstRunId)
      const { state, executors } = await scheduler.status()
      expect([state, (await scheduler.getJob("good"))?.runCount]).toEqual(["active", 1])
      const reported = executors.find(({ name }) => name === "bad")?.reported
      if (call === "cancel" || call === "close") expect(reported).toBe(null)
      else
        expect(reported).toMatchObject({ where: `executor "bad" (${call})`, error: { message: `${call} is broken` } })
      if (call === "submit") {
        const [run] = await scheduler.getRuns({ jobId: "bad" })
        expect(run).toMatchObject({
          outcome: "failed",
          startedAt: null,
          error: { name: "Error", message: "submit is broken" }
        })
      }
      expect((await scheduler.verify()).violations).toEqual([])
      const ended = scheduler.shutdown({ deadline: second })
      await world.clock.advance(10 * second)
      await ended
      const told = world.reported.map((error) => (error as Error).message)
      expect(new Set(told)).toEqual(call === "cancel" ? new Set() : new Set([`${call} is broken`]))
    }
  )

  it("in cancel: the run is not cancelled, and goes on", async () => {
    const broken = { call: "" }
    const world = newWorld("memory")
    const slow = task("slow", () => new Promise<void>(() => undefined))
    const scheduler = await world.start({ tasks: [slow], executors: { default: fragile(broken) } })
    const job = await scheduler.addJob({ id: "a", task: slow, trigger: minutely })
    const run = await job.run()
    broken.call = "cancel"
    const cancelled = refusalOf(scheduler.cancelRun(run.runId))
    await world.clock.advance(second)
    expect((await scheduler.status()).executors).toMatchObject([{ running: 1, reported: { count: 1 } }])
    broken.call = ""
    expect(cancelled.error).toBe(null)
  })
})

describe("what others throw", () => {
  it("is counted in status() with the newest and where it came from", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    expect((await scheduler.status()).reported).toBe(null)
    scheduler.on("RunSucceeded", () => {
      throw new TypeError("a listener's own")
    })
    await scheduler.addJob({ id: "a", task: quiet, trigger: minutely })
    await world.clock.advance(3 * minute)
    expect((await scheduler.status()).reported).toEqual({
      count: 3,
      at: midnight + 3 * minute,
      where: "a listener of RunSucceeded",
      error: { name: "TypeError", message: "a listener's own" }
    })
    expect((await scheduler.getJob("a"))?.runCount).toBe(3)
  })
})
