/** An event on its way to a run: kept beside it, or refused with what to do instead. */
import { describe, expect, it } from "vitest"
import { RunStateError } from "../../../src/engine/schedulerError.ts"
import { mostWaiting, sendEvent } from "../../../src/engine/writer/sentEvents.ts"
import type { LiveRun } from "../../../src/job/run.ts"
import type { Checkpointing } from "../../../src/task/checkpoint.ts"
import type { TaskRegistry } from "../../../src/task/taskRegistry.ts"
import { liveRun, makeJob, makeUnit, minute, thrownBy } from "./jobs.ts"

const addressee = { runId: "run-7", runKey: 7, jobKey: 1 }

/** Tasks of which `report` is saved so; `null`: it is not registered. */
const tasksWith = (checkpoint: Checkpointing | undefined | null): TaskRegistry =>
  ({
    find: (name: string) => (checkpoint === null || name !== "report" ? undefined : { options: { checkpoint } })
  }) as unknown as TaskRegistry

const newScene = (waiting: ReadonlyArray<number> = [], run: Partial<LiveRun> = {}) => {
  const unit = makeUnit({ now: 10 * minute, inbox: { next: 5, numbers: (runKey) => (runKey === 7 ? waiting : []) } })
  unit.load(makeJob(1, { memory: { live: [liveRun(7, run), liveRun(8)] } }))
  return unit
}

const refusal = (unit: ReturnType<typeof newScene>, to = addressee, tasks = tasksWith("every-step")) => {
  const error = thrownBy(() => sendEvent(unit, to, "{}", tasks))
  expect(error).toBeInstanceOf(RunStateError)
  expect(unit.batch().messages ?? []).toEqual([])
  return error
}

describe("an event that is sent to a run", () => {
  it("is kept for it, under the next number", () => {
    const unit = newScene()
    for (const text of ["first", "second"]) sendEvent(unit, addressee, text, tasksWith("every-step"))
    expect(unit.batch().messages).toEqual([
      { runKey: 7, number: 5, text: "first" },
      { runKey: 7, number: 6, text: "second" }
    ])
    expect(unit.byKey(1)?.memory.live).toEqual([liveRun(7), liveRun(8)])
  })

  it("makes a run that only waits due now", () => {
    const unit = newScene([], { attempt: 2, retryAt: "event", putAway: true })
    sendEvent(unit, addressee, "{}", tasksWith("tagged"))
    expect(unit.byKey(1)?.memory.live[0]).toMatchObject({ runKey: 7, retryAt: 10 * minute })
  })

  it("is kept also where its task is not registered here", () => {
    const unit = newScene()
    sendEvent(unit, addressee, "{}", tasksWith(null))
    expect(unit.batch().messages).toHaveLength(1)
  })
})

describe("an event is refused", () => {
  it("by a job that cannot be read", () => {
    expect(refusal(newScene(), { ...addressee, jobKey: 2 })).toMatchObject({
      ...{ runId: "run-7", verb: "sendToRun", state: "unreadable" },
      remedy: "mend the row of its job, or remove the job"
    })
  })

  it("by a run that is over", () => {
    expect(refusal(newScene(), { ...addressee, runId: "run-6", runKey: 6 })).toMatchObject({
      ...{ runId: "run-6", state: "over" },
      remedy: `runJob("job-1") makes another run, which can be sent it`
    })
  })

  it.each(["never", undefined] as const)("by a task whose steps are not saved: checkpoint %s", (checkpoint) => {
    expect(refusal(newScene(), addressee, tasksWith(checkpoint))).toMatchObject({ state: "unsaved" })
  })

  it("where a thousand wait to the run, and not before", () => {
    const thousand = Array.from({ length: mostWaiting }, (_, index) => index + 1)
    expect(refusal(newScene(thousand))).toMatchObject({ state: "full" })
    const unit = newScene(thousand.slice(1))
    sendEvent(unit, addressee, "{}", tasksWith("every-step"))
    expect(thrownBy(() => sendEvent(unit, addressee, "{}", tasksWith("every-step")))).toMatchObject({ state: "full" })
    expect(unit.batch().messages).toHaveLength(1)
  })
})
