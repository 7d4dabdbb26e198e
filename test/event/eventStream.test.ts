/** What a scheduler tells, and that nobody who listens can hurt it. */
import { filter, map, take } from "rxjs"
import { describe, expect, it } from "vitest"
import { EventStream } from "../../src/event/eventStream.ts"
import type { SchedulerEvent } from "../../src/index.ts"
import { task } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { newWorld } from "../scenarios/world.ts"

const stream = () => {
  const reported: Array<readonly [unknown, string]> = []
  return { reported, events: new EventStream((error, where) => reported.push([error, where])) }
}
const added = { type: "JobAdded", jobId: "a" } as const
const removed = { type: "JobRemoved", jobId: "a" } as const

describe("EventStream", () => {
  it("gives a listener the types it asked for, numbered without gaps, until it ends", () => {
    const { events } = stream()
    const seen: Array<SchedulerEvent> = []
    events.publish(1, added)
    const off = events.on(["JobRemoved"], (event) => seen.push(event))
    events.skip(3)
    events.publish(2, added)
    events.publish(3, removed)
    off()
    events.publish(4, removed)
    expect(seen).toEqual([{ ...removed, at: 3, seq: 6 }])
  })

  it("numbers what nobody asked for, and enters nobody's async context for it", () => {
    let entered = 0
    const events = new EventStream(
      () => undefined,
      (call) => {
        entered += 1
        return call()
      }
    )
    const seen: Array<readonly [string, number]> = []
    const note = ({ type, seq }: SchedulerEvent): void => void seen.push([type, seq])
    const [off, offAgain] = [events.on("JobRemoved", note), events.on("JobRemoved", note)]
    events.publish(1, added)
    expect(entered).toBe(0)
    off()
    off()
    events.publish(2, removed)
    const all = events.events$.subscribe(note)
    offAgain()
    events.publish(3, added)
    all.unsubscribe()
    events.publish(4, added)
    expect(seen).toEqual([
      ["JobRemoved", 2],
      ["JobAdded", 3]
    ])
    expect([entered, events.observed]).toEqual([2, false])
  })

  it("isolates listeners and subscribers that throw, at once or later, through operators too", async () => {
    const { events, reported } = stream()
    const seen: Array<string> = []
    events.on("JobAdded", () => {
      throw new Error("listener")
    })
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- people do
    events.on("JobAdded", () => Promise.reject(new Error("async listener")))
    events.events$.subscribe(() => {
      throw new Error("subscriber")
    })
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- people do
    events.events$.subscribe(async () => Promise.reject(new Error("async subscriber")))
    events.events$
      .pipe(
        filter(() => true),
        map(() => "x")
      )
      .subscribe({
        next: () => {
          throw new Error("behind operators")
        }
      })
    events.events$
      .pipe(
        map(() => {
          throw new Error("in an operator")
        })
      )
      .subscribe()
    events.on("JobAdded", ({ type }) => seen.push(type))
    events.publish(1, added)
    await virtualClock(0).settle()
    expect(reported.map(([error]) => (error as Error).message).toSorted()).toEqual([
      "async listener",
      "async subscriber",
      "behind operators",
      "in an operator",
      "listener",
      "subscriber"
    ])
    expect(seen).toEqual(["JobAdded"])
  })

  it("tells everyone in the same order, also of what a listener causes", () => {
    const { events } = stream()
    const seen: Array<number> = []
    events.on("JobAdded", () => events.publish(2, removed))
    events.events$.subscribe(({ seq }) => seen.push(seq))
    events.publish(1, added)
    expect(seen).toEqual([1, 2])
  })

  it("completes its subscribers at the end, later ones at once", () => {
    const { events } = stream()
    const seen: Array<string> = []
    events.events$.pipe(take(1)).subscribe({ next: () => seen.push("one"), complete: () => seen.push("first ends") })
    events.publish(1, added)
    events.events$.subscribe({ complete: () => seen.push("second ends") })
    events.end()
    events.events$.subscribe({ complete: () => seen.push("third ends") })
    events.publish(2, added)
    expect(seen).toEqual(["one", "first ends", "second ends", "third ends"])
    expect(events.observed).toBe(false)
  })
})

it("a scheduler whose listeners, subscribers and onError all throw goes on", async () => {
  const world = newWorld("memory")
  const quiet = task("quiet", () => null)
  let asked = 0
  const bad = (): never => {
    asked += 1
    throw new Error("no")
  }
  const warn = console.warn
  console.warn = () => undefined
  try {
    const scheduler = await world.start({ tasks: [quiet], onError: bad })
    scheduler.on("RunSucceeded", bad)
    scheduler.events$.subscribe(bad)
    await scheduler.addJob({ id: "a", task: quiet })
    scheduler.job$("a").subscribe(bad)
    await world.clock.advance(1)
    expect(await scheduler.getRuns()).toMatchObject([{ outcome: "succeeded" }])
    expect(asked).toBeGreaterThan(6)
    expect((await scheduler.status()).state).toBe("active")
    await scheduler.shutdown()
  } finally {
    console.warn = warn
  }
})
