/** Who comes back with the id of the last event that it has seen hears all that came after it, once, over restarts and crashes. */
import type { Subscription } from "rxjs"
import { describe, expect, it } from "vitest"
import { date, interval, task } from "../../src/index.ts"
import type { Scheduler, SchedulerEvent } from "../../src/index.ts"
import { Random } from "../simulation/random.ts"
import type { World } from "./world.ts"
import { minute, newWorld, second, storeKinds, storeOf } from "./world.ts"

/** Without what is of one scheduler object alone. */
const plain = ({ seq: _, ...event }: SchedulerEvent): object => event

const withId = (events: Iterable<SchedulerEvent>): ReadonlyArray<SchedulerEvent> =>
  [...events].filter(({ id }) => id !== undefined)

/** Everything that is stored after `cursor`, as it is told again. */
const told = async ({ clock, scheduler }: World, cursor = "oldest"): Promise<ReadonlyArray<SchedulerEvent>> => {
  const events: Array<SchedulerEvent> = []
  const subscription = scheduler.eventsAfter$(cursor).subscribe((event) => events.push(event))
  await clock.advance(1)
  await clock.advance(1)
  subscription.unsubscribe()
  return events
}

/** Hears what it can, and comes back with the last id that it has. */
class Client {
  readonly heard: Array<SchedulerEvent> = []
  private subscription: Subscription | null = null
  private cursor = "oldest"

  /** It goes after `most` events, in the midst of whatever. */
  connect(scheduler: Scheduler, most: number): void {
    let left = most
    this.disconnect()
    this.subscription = scheduler.eventsAfter$(this.cursor).subscribe((event) => {
      if (left-- <= 0) return this.disconnect()
      this.heard.push(event)
      if (event.id !== undefined) this.cursor = event.id
    })
  }

  disconnect(): void {
    this.subscription?.unsubscribe()
  }
}

describe.each(storeKinds)("events after one that was seen, with the %s store", (kind) => {
  it.each([1, 2, 3])("have no gap and no repeat, whenever a client goes and comes back (seed %i)", async (seed) => {
    const random = new Random(seed)
    const world = newWorld(kind)
    const tasks = [
      task("quick", () => "ok"),
      task("flaky", () => {
        throw new Error("no route")
      }),
      task(
        "slow",
        ({ signal }) => new Promise<null>((resolve) => signal.addEventListener("abort", () => resolve(null)))
      ),
      task("large", () => "x".repeat(1000))
    ]
    const clients = [new Client(), new Client(), new Client()]
    const live = new Map<string, object>()
    const begin = async (): Promise<void> => {
      await world.start({ tasks })
      const { scheduler } = world
      scheduler.events$.subscribe((event) => event.id !== undefined && live.set(event.id, plain(event)))
    }
    await begin()
    const options = { ifExists: "replace" } as const
    for (const [index, name] of ["quick", "flaky", "slow", "large"].entries())
      await world.scheduler.addJob({
        id: name,
        task: name,
        trigger: interval({ seconds: index + 1 }),
        retry: { attempts: 2, backoff: "500 millis" },
        ...(name === "slow" ? { timeout: "5 seconds" } : {}),
        ...options
      })
    for (let step = 0; step < 40; step++) {
      if (random.chance(0.3)) random.pick(clients).connect(world.scheduler, random.pick([0, 1, 3, 10, 1000]))
      if (random.chance(0.2)) random.pick(clients).disconnect()
      const { scheduler } = world
      const done: Array<Promise<unknown>> = []
      if (random.chance(0.2)) done.push(scheduler.pauseJob("quick").catch(() => undefined))
      if (random.chance(0.3)) done.push(scheduler.resumeJob("quick").catch(() => undefined))
      if (random.chance(0.3)) {
        const id = `once-${step}`
        done.push(scheduler.addJob({ id, task: "quick", trigger: date(world.clock.now() + random.int(0, 3000)) }))
        if (random.chance(0.3)) done.push(scheduler.removeJob(id).catch(() => undefined))
      }
      await world.clock.advance(random.int(0, 2500))
      const over = new Set<string>()
      void Promise.all(done).then(() => over.add("commands"))
      while (over.size === 0) await world.clock.advance(1)
      if (random.chance(0.15)) {
        if (random.chance(0.5)) await world.crash()
        await world.clock.advance(random.int(0, 10_000))
        await begin()
      }
    }
    for (const client of clients) client.connect(world.scheduler, Infinity)
    await world.clock.advance(3 * second)
    const history = await told(world)
    expect(history.length).toBeGreaterThan(100)
    const ids = history.map(({ id }) => id ?? "")
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => (a < b ? -1 : 1)))
    expect(history.map(plain).filter((event) => live.has((event as SchedulerEvent).id ?? ""))).toEqual([
      ...live.values()
    ])
    for (const { heard } of clients) expect(withId(heard).map(plain)).toEqual(history.map(plain))
    expect(history.filter(({ type }) => type === "EventsForgotten")).toEqual([])
  })

  it("are told to be missing where retention has deleted them", async () => {
    const world = newWorld(kind)
    const options = { tasks: [task("quick", () => "ok")], retention: { runCount: 3 } }
    await world.start(options)
    await world.scheduler.addJob({ id: "quick", task: "quick", trigger: interval("1 second") })
    await world.clock.advance(3 * second)
    const [first] = await told(world)
    await world.clock.advance(4 * minute)
    const [hole, ...left] = await told(world, first?.id)
    expect(hole).toMatchObject({ type: "EventsForgotten", store: "default", count: null })
    expect(left.length).toBeGreaterThan(5)
    expect(left.map(({ type }) => type).filter((type) => type === "EventsForgotten").length).toBeLessThan(2)
    // Who has heard of the hole hears of it once.
    expect((await told(world, hole?.id)).map(plain)).toEqual(left.map(plain))
  })

  it("are refused to a text that is no id, and to ids that the store has not told", async () => {
    const [one, other] = [newWorld(kind), newWorld(kind)]
    for (const [world, jobs] of [
      [one, 5],
      [other, 1]
    ] as const) {
      await world.clock.advance(jobs * second)
      await world.start({ tasks: [task("quick", () => "ok")] })
      for (let at = 0; at < jobs; at++)
        await world.scheduler.addJob({ id: `${at}`, task: "quick", trigger: interval("1 day") })
    }
    const ids = (await told(one)).map(({ id }) => id ?? "")
    const refusal = async (world: World, cursor: string): Promise<unknown> => {
      let failure: unknown = null
      world.scheduler.eventsAfter$(cursor).subscribe({ error: (error: unknown) => (failure = error) })
      await world.clock.advance(1)
      await world.clock.advance(1)
      return failure
    }
    for (const cursor of ["", "7", "nonsense", `${ids[0]}.`, `x${ids[0]}`, "11.10.1x,11.10.1x", "99zzzzzzzzz.10.1x"])
      expect(await refusal(one, cursor)).toMatchObject({ _tag: "InvalidCursorError", reason: "unreadable", cursor })
    expect(await refusal(other, ids[0] ?? "")).toMatchObject({ reason: "otherStore", store: "default" })
    expect(await refusal(other, ids[4] ?? "")).toMatchObject({ reason: "ahead", store: "default" })
    expect(await refusal(one, ids[4] ?? "")).toBe(null)
  })

  it("of several stores are each told once, whichever store is ahead", async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [task("quick", () => "ok")], stores: { other: storeOf(kind) } })
    for (const store of ["default", "other"])
      await world.scheduler.addJob({ id: store, task: "quick", trigger: interval("1 second"), store })
    await world.clock.advance(5 * second)
    const all = await told(world)
    expect(all.map(({ type }) => type).filter((type) => type === "RunSucceeded").length).toBe(10)
    for (const [index, { id }] of all.entries())
      expect((await told(world, id)).map(plain)).toEqual(all.slice(index + 1).map(plain))
  })
})
