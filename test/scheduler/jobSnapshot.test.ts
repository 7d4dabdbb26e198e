/** A job in XState's persisted form, as `scheduler.snapshot` gives it. */
import { createScheduler, date, interval, task } from "carillon"
import { jobMachine } from "carillon/machines"
import { virtualClock } from "carillon/testing"
import { describe, expect, it } from "vitest"
import { createActor, toPromise } from "xstate"

const start = Date.UTC(2026, 0, 5, 9)

describe("a job's snapshot", () => {
  it("is plain JSON that an actor of the machine goes on from, and makes no actor", async () => {
    const { scheduler, clock } = await started()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: interval("1 minute"), overlap: "queue-one" })
    await clock.advance("2 minutes")
    await job.pause()
    const seen: Array<unknown> = []
    scheduler.actor.system.inspect((event) => seen.push(event))
    const snapshot = await scheduler.snapshot("a")
    expect(seen).toEqual([])
    expect(snapshot).toMatchObject({ status: "active", value: "paused", context: { jobId: "a" } })
    const copy = JSON.parse(JSON.stringify(snapshot)) as typeof snapshot
    const restored = createActor(jobMachine, { snapshot: copy, input: copy.context }).start()
    using live = await job.actor()
    expect(restored.getSnapshot().context).toEqual(live.getSnapshot().context)
    restored.send({ type: "remove", now: clock.now(), owed: null })
    expect(restored.getSnapshot()).toMatchObject({ status: "done", output: "succeeded" })
    expect((await scheduler.getJob("a"))?.state).toBe("paused")
    await scheduler.shutdown()
  })

  it("of a job that is done has its last outcome as output, and is the reader's to write in", async () => {
    const { scheduler, clock } = await started()
    await scheduler.addJob({ id: "a", task: "noop", trigger: date(start) })
    await clock.settle()
    const snapshot = await scheduler.snapshot("a")
    expect(snapshot).toMatchObject({ status: "done", output: "succeeded", value: "done" })
    Object.assign(snapshot.context.memory, { lastOutcome: "failed" })
    expect(await scheduler.snapshot("a")).toMatchObject({ output: "succeeded" })
    const restored = createActor(jobMachine, { snapshot: await scheduler.snapshot("a"), input: snapshot.context })
    expect(await toPromise(restored.start())).toBe("succeeded")
    await scheduler.shutdown()
  })

  it("cannot be had of a job that does not exist", async () => {
    const { scheduler } = await started()
    await expect(scheduler.snapshot("nobody")).rejects.toMatchObject({ _tag: "UnknownJobError", verb: "snapshot" })
    await scheduler.shutdown()
  })
})

async function started() {
  const clock = virtualClock(start)
  const scheduler = createScheduler({ clock, timezone: "UTC", tasks: [task("noop", () => null)] })
  await scheduler.start()
  return { clock, scheduler }
}
