/** What is left out of the due jobs, and where the next walk over it begins. */
import { describe, expect, it } from "vitest"
import { dueJob, newDue, now } from "./dueScene.ts"
import { minute, missingTrigger } from "./jobs.ts"

describe("a job that the store refuses to write", () => {
  it("is left out for a minute, or until it has changed", () => {
    const { due, take, queries, timers } = newDue()
    due.quarantine(3)
    take()
    timers.spend(minute - 1)
    take()
    timers.spend(1)
    take()
    due.quarantine(3)
    due.noteChanged(dueJob(3))
    take()
    expect(queries.map(({ exceptKeys }) => exceptKeys)).toEqual([[3], [3], [], []])
  })
})

describe("a walk over what is left out", () => {
  const placeOf = ({ queries }: ReturnType<typeof newDue>) => queries.at(-1)?.executors[0]?.from
  /** The place behind what was left out, as the store is told at the next read. */
  const walked = (jobs: ReadonlyArray<ReturnType<typeof dueJob>>, nextWakeAt: number | null) => {
    const scene = newDue()
    scene.due.quarantine(3)
    scene.answer(jobs, nextWakeAt)
    scene.take()
    scene.take()
    return scene
  }

  it("is made once: the next begins before the first that was served", () => {
    expect(placeOf(walked([dueJob(8), dueJob(9)], null))).toEqual({ wakeAt: now, key: 7 })
  })

  it("begins at the next wake-up where nothing was due", () => {
    expect(placeOf(walked([], now + 500))).toEqual({ wakeAt: now + 500, key: 0 })
    expect(placeOf(walked([], null))).toBe(undefined)
  })

  it("is not kept where nothing is left out", () => {
    const scene = newDue()
    scene.answer([dueJob(8)])
    scene.take()
    scene.take()
    expect(placeOf(scene)).toBe(undefined)
  })

  it.each<readonly [string, (scene: ReturnType<typeof newDue>) => void]>([
    ["a task", ({ host }) => host.unclaimed.note("main", "task", "mail")],
    [
      "a job whose trigger is missing",
      ({ answer, cache, take }) => {
        cache.put(dueJob(3, { trigger: missingTrigger }))
        answer([dueJob(3)])
        take()
      }
    ],
    [
      "a held job",
      ({ answer, asked, take }) => {
        asked.mayStart = ({ key }) => key !== 3
        answer([dueJob(3)])
        take()
      }
    ]
  ])("is kept for %s too", (_what, leaveOut) => {
    const scene = newDue()
    leaveOut(scene)
    scene.answer([dueJob(8)])
    scene.due.forget()
    leaveOut(scene)
    scene.answer([dueJob(8)])
    scene.take()
    scene.take()
    expect(placeOf(scene)).toEqual({ wakeAt: now, key: 7 })
  })

  it.each([
    ["before it", 20, now - 1, true],
    ["at the same instant, with a lower key", 6, now, true],
    ["at the very place", 7, now, true],
    ["at the same instant, with a higher key", 8, now, false],
    ["after it", 1, now + 1, false]
  ])("begins anew where a job has a wake-up %s", (_where, key, nextFireAt, anew) => {
    const scene = walked([dueJob(8)], null)
    scene.due.noteChanged(dueJob(key, { memory: { nextFireAt } }))
    scene.take()
    expect(placeOf(scene) === undefined).toBe(anew)
  })

  it("begins anew when a job is no longer left out, or everything is forgotten", () => {
    const scene = walked([dueJob(8)], null)
    scene.timers.spend(minute)
    scene.take()
    expect(placeOf(scene)).toBe(undefined)
    const forgotten = walked([dueJob(8)], null)
    forgotten.due.forget()
    forgotten.take()
    expect(placeOf(forgotten)).toBe(undefined)
  })
})
