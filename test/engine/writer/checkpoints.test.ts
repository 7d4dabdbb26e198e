/** Steps on their way to the disk: one a run, the newest, and never behind the outcome of its attempt. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { DispatchedOrder } from "../../../src/engine/dispatchedOrder.ts"
import { findCheckpoints, PendingCheckpoints } from "../../../src/engine/writer/checkpoints.ts"
import type { Intent } from "../../../src/engine/writer/intent.ts"
import type { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import type { OpenStore } from "../../../src/store/jobStore.ts"
import type { TaskRegistry } from "../../../src/task/taskRegistry.ts"
import { liveRun, makeJob, makeUnit } from "./jobs.ts"

const newScene = () => {
  const queue: Array<Intent> = []
  const pending = new PendingCheckpoints(
    (intent) => queue.push(intent),
    (intent) => queue.unshift(intent)
  )
  const tell = (runKey: number, text: string, received = 0): void =>
    pending.add({ runKey, jobKey: 1 } as DispatchedOrder, text, received)
  /** Takes what waits into a unit. */
  const take = () => {
    const unit = makeUnit()
    unit.load(makeJob(1, { memory: { live: [liveRun(7)], crashes: 2 } }))
    const intents = queue.splice(0)
    for (const intent of intents) intent.apply(unit)
    return { unit, intents, saved: [...unit.checkpoints].map(([runKey, { text }]) => [runKey, text]) }
  }
  return { queue, tell, take }
}

describe("checkpoints that wait for a commit", () => {
  it("say how far they have taken messages in, also where nothing else is new", () => {
    const { queue, tell, take } = newScene()
    tell(7, "a")
    tell(7, "a", 4)
    const { unit, intents } = take()
    expect(unit.batch().checkpoints).toEqual([{ runKey: 7, text: "a", received: 4 }])
    tell(7, "a", 5)
    for (const intent of intents) intent.committed()
    expect([queue.length, take().unit.batch().checkpoints]).toEqual([1, [{ runKey: 7, text: "a", received: 5 }]])
  })

  it("are one a run, the newest, and clear what crashes left", () => {
    const { queue, tell, take } = newScene()
    tell(7, "a")
    tell(8, "b")
    tell(7, "c")
    expect(queue.length).toBe(2)
    const { saved, unit } = take()
    expect(saved).toEqual([
      [7, "c"],
      [8, "b"]
    ])
    expect(unit.batch().checkpoints).toEqual([
      { runKey: 7, text: "c" },
      { runKey: 8, text: "b" }
    ])
    expect(unit.byKey(1)?.memory.crashes).toBe(0)
  })

  it("that come while one is being written follow it, before what was given meanwhile", () => {
    const { queue, tell, take } = newScene()
    tell(7, "a")
    const { intents } = take()
    tell(7, "b")
    const outcome = { weight: 1, apply: () => undefined, committed: () => undefined, failed: () => undefined }
    queue.push(outcome)
    expect(queue).toEqual([outcome])
    for (const intent of intents) intent.committed()
    expect(queue.length).toBe(2)
    expect(queue[1]).toBe(outcome)
    expect(take().saved).toEqual([[7, "b"]])
  })

  it("are taken again, at their newest, where a commit was not made, and dropped where it never will be", () => {
    const { queue, tell, take } = newScene()
    tell(7, "a")
    const { intents } = take()
    tell(7, "b")
    queue.push(...intents)
    const again = take()
    expect(again.saved).toEqual([[7, "b"]])
    for (const intent of again.intents) intent.failed(new Error("closed"))
    expect(queue).toEqual([])
    tell(7, "c")
    expect(take().saved).toEqual([[7, "c"]])
  })
})

describe("an attempt that starts", () => {
  const find = (starts: ReadonlyArray<{ runKey: number; attempt: number; task: string; saved?: boolean }>) => {
    const asked: Array<number> = []
    const began = starts.map(({ task, saved, ...start }) => ({
      ...start,
      job: { row: { task }, memory: { live: [{ runKey: start.runKey, ...(saved === true ? { saved } : {}) }] } },
      checkpoint: null
    }))
    const found = findCheckpoints(
      {
        checkpoints: new Map([[7, { text: "of this unit", received: 0 }]]),
        consequences: { starts: began }
      } as unknown as UnitOfWork,
      {
        find: (name: string) =>
          name === "gone" ? undefined : { options: name === "saves" ? { checkpoint: "every-step" } : {} }
      } as unknown as TaskRegistry,
      {
        checkpoints: (runKeys: ReadonlyArray<number>) => {
          asked.push(...runKeys)
          return Effect.succeed(new Map(runKeys.filter((key) => key < 9).map((key) => [key, "stored"])))
        }
      } as unknown as OpenStore
    )
    if (found !== null) Effect.runSync(found)
    return { asked, checkpoints: began.map(({ checkpoint }) => checkpoint) }
  }
  const task = "saves"

  it("goes on from this unit's checkpoint, else from the stored one, else from the beginning", () => {
    const again = [7, 8, 9].map((runKey) => ({ runKey, attempt: 2, task }))
    expect(find(again)).toEqual({ asked: [7, 8, 9], checkpoints: ["of this unit", "stored", null] })
  })

  it("goes on from nothing that could be meant where a step of its run was saved and is gone", () => {
    const again = [8, 9].map((runKey) => ({ runKey, attempt: 2, task, saved: true }))
    expect(find(again).checkpoints).toEqual(["stored", "null"])
  })

  it("asks for none where it is the first, or its task saves none or is not known", () => {
    const others = [
      { runKey: 7, attempt: 1, task },
      { runKey: 8, attempt: 2, task: "plain" },
      { runKey: 8, attempt: 2, task: "gone" }
    ]
    expect(find(others)).toEqual({ asked: [], checkpoints: [null, null, null] })
    expect(find([...others, { runKey: 8, attempt: 3, task }])).toEqual({
      asked: [8],
      checkpoints: [null, null, null, "stored"]
    })
  })
})
