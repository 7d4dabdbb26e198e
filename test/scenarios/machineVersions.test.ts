/** What a machine was saved as does not fit the one that is deployed now: its job is parked and the run kept, and a migration mends it. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { task } from "../../src/index.ts"
import type { Json } from "../../src/index.ts"
import { addJob, kept, Lives, orderMachine, run } from "./orders.ts"
import { day, midnight, minute, newWorld, second, storeKinds } from "./world.ts"

describe.each(storeKinds)("with the %s store, a task that is a machine", (kind) => {
  it("of a newer deployment that it does not fit parks its job, and a migration mends that", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const { done } = lives
    await world.start({ tasks: [task("order", orderMachine(lives.next()))] })
    await addJob(world, "order")
    await world.clock.advance(day)
    await world.crash()
    const renamed = orderMachine(lives.next(), "onItsWay")
    await world.start({ tasks: [task("order", renamed)] })
    await world.clock.advance(2 * day + minute)
    const parked = await world.scheduler.getJob("a")
    expect([parked?.state, parked?.fault?.kind]).toEqual(["paused", "checkpoint"])
    expect(parked?.fault?.message).toContain(`a run of task "order" was saved in state "waiting" by version 1`)
    expect((await run(world)).outcome).toBe(null)
    await world.clock.advance(minute)
    await world.start({ tasks: [task("order", renamed, { version: 2 })] })
    await world.scheduler.resumeJob("a")
    await world.clock.advance(second)
    expect((await world.scheduler.getJob("a"))?.fault?.message).toContain("has no `migrate` from version 1")
    const seen: Array<unknown> = []
    const migrate = (snapshot: Json, fromVersion: number): Json => {
      seen.push(fromVersion)
      return { ...(snapshot as { readonly [key: string]: Json }), value: "onItsWay" }
    }
    await world.start({ tasks: [task("order", renamed, { version: 2, migrate })] })
    await world.scheduler.resumeJob("a")
    await world.clock.advance(second)
    expect([done, seen, (await run(world)).outcome]).toEqual([["pay", "remind"], [1], "succeeded"])
  })

  it.each<[string, unknown, string]>([
    ["no text of this version", { format: 9 }, "not a checkpoint that this version of Carillon reads"],
    [
      "a child that is gone",
      { children: { x: { snapshot: { status: "active" }, src: "gone" } } },
      `its actor "x" is not there`
    ],
    ["another value", { value: {} }, "it would be in state"],
    ["no snapshot at all", { children: null }, "null"],
    ["no JSON", "{", "not a checkpoint that this version of Carillon reads"],
    ["an empty text", "", "not a checkpoint that this version of Carillon reads"],
    ["a delay without an instant", { delays: [{ source: [], target: [], id: "x", event: {} }] }, "not a checkpoint"]
  ])("parks its job over what is saved of it: %s", async (_what, change, reason) => {
    const world = newWorld(kind)
    const tasks = [
      task(
        "order",
        orderMachine(() => undefined)
      )
    ]
    await world.start({ tasks })
    await addJob(world, "order")
    await world.clock.advance(day)
    await world.crash()
    const [text = ""] = await kept(world)
    const saved = JSON.parse(text) as { readonly snapshot: object }
    const changed = (): string => {
      if (typeof change === "string") return change
      const fields = change as object
      if ("delays" in fields) return JSON.stringify({ ...saved, ...fields })
      return JSON.stringify("format" in fields ? fields : { ...saved, snapshot: { ...saved.snapshot, ...fields } })
    }
    const tamper = Effect.gen(function* () {
      const open = yield* world.store.open({ pid: 1, host: "here", startedAt: midnight })
      const [{ runKey } = { runKey: 0 }] = yield* open.reads.runs({})
      const rows = { removed: [], added: [], redefined: [], states: [], claims: [], settled: [], ledger: [] }
      yield* open.commit(1, { ...rows, checkpoints: [{ runKey, text: changed() }] })
    })
    await Effect.runPromise(Effect.scoped(tamper))
    await world.start({ tasks })
    await world.clock.advance(2 * day + minute)
    const { fault } = (await world.scheduler.getJob("a")) ?? {}
    expect([fault?.kind, fault?.message]).toEqual(["checkpoint", expect.stringContaining(reason)])
  })
})
