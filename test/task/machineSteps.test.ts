/** A machine's steps by hand: what is saved of them, and what an actor that goes on from it does, with what it had scheduled. */
import { Runtime } from "effect"
import { describe, expect, it } from "vitest"
import { assign, cancel, createActor, createMachine, enqueueActions, fromPromise, raise, sendTo, setup } from "xstate"
import type { AnyActorLogic } from "xstate"
import { runLogic } from "../../src/task/actorLogic.ts"
import type { Checkpoint } from "../../src/task/checkpoint.ts"
import type { RunMessage } from "../../src/task/runMessage.ts"
import type { Json, TaskContext } from "../../src/index.ts"
import { ManualTimers } from "../executor/manualTimers.ts"

const hour = 3_600_000

/** One attempt: what it saves, how long it would wait, and what it ends with. `sent`: what its order has with it. */
const attempt = async (
  logic: AnyActorLogic,
  timers: ManualTimers,
  saved?: string,
  sent: ReadonlyArray<RunMessage> = []
) => {
  const texts: Array<string> = []
  const waits: Array<number | "event"> = []
  const ends: Array<unknown> = []
  let stop = (): boolean => true
  let send = (_message: RunMessage): void => undefined
  const received: Array<number> = []
  const context = { runId: "7", jobId: "j", args: null, fireAt: 0, attempt: 1 } as unknown as TaskContext
  runLogic(
    logic,
    context,
    {
      task: "task",
      aborted: false,
      succeed: (value) => void ends.push(value),
      fail: (error) => void ends.push(error),
      stoppable: (how) => (stop = how)
    },
    { timers, runtime: Runtime.defaultRuntime },
    {
      mode: "every-step",
      version: 1,
      migrate: undefined,
      jobId: "j",
      task: "t",
      saved: saved === undefined ? undefined : (JSON.parse(saved) as Json),
      save: (text, upTo) => {
        texts.push(text)
        received.push(upTo)
      },
      listen: (deliver) => {
        send = deliver
        sent.forEach(deliver)
      },
      wait: (until) => void waits.push(until)
    }
  )
  await timers.advance(0)
  const newest = (): Checkpoint => JSON.parse(texts.at(-1) ?? "null") as Checkpoint
  return { texts, received, waits, ends, newest, stop: () => stop(), send: (message: RunMessage) => send(message) }
}

/** Works beside all else, so that it is never put away. */
const busy = { src: fromPromise(() => new Promise(() => undefined)) }

describe("XState by itself", () => {
  it("forgets delays when it restores a snapshot: where it does not, they would come twice", () => {
    const machine = createMachine({ initial: "a", states: { a: { after: { [hour]: "b" } }, b: {} } })
    const clock = { setTimeout: () => 0, clearTimeout: () => undefined }
    const first = createActor(machine, { clock }).start()
    const again = createActor(machine, { clock, snapshot: first.getPersistedSnapshot() }).start()
    const scheduled = [first, again].map(({ system }) => Object.keys(system.getSnapshot()._scheduledEvents).length)
    expect(scheduled).toEqual([1, 0])
  })
})

describe("a machine's steps", () => {
  it("are saved once each, with what is scheduled and when it is due", async () => {
    const timers = new ManualTimers()
    const machine = createMachine({
      initial: "a",
      invoke: busy,
      states: { a: { after: { [hour]: "b" } }, b: { after: { [2 * hour]: "c" } }, c: { type: "final" } }
    })
    const { texts, newest, waits } = await attempt(machine, timers)
    const begun = timers.now()
    expect(newest().delays).toMatchObject([{ source: [], target: [], dueAt: begun + hour }])
    await timers.advance(hour)
    expect(newest()).toMatchObject({ snapshot: { value: "b" }, delays: [{ dueAt: begun + 3 * hour }] })
    expect([texts.length, waits]).toEqual([2, []])
  })

  it("take in what is sent, once and in order, and say how far that goes", async () => {
    const timers = new ManualTimers()
    const machine = createMachine({
      types: {} as { context: { readonly got: ReadonlyArray<string> } },
      context: { got: [] },
      invoke: busy,
      on: { "item.*": { actions: assign({ got: ({ context, event }) => [...context.got, event.type] }) } }
    })
    const { send, newest, received, texts } = await attempt(machine, timers)
    for (const number of [4, 5, 5, 4, 9]) send({ number, event: { type: `item.${number}` } })
    await timers.advance(0)
    expect(newest().snapshot).toMatchObject({ context: { got: ["item.4", "item.5", "item.9"] } })
    send({ number: 12, event: { type: "unknown" } })
    await timers.advance(0)
    // The same text, with one more taken in.
    expect(received).toEqual([0, 9, 12])
    expect(texts[1]).toBe(texts[2])
  })

  it("end in a wait for an event where nothing else is to come, and take in nothing after that", async () => {
    const timers = new ManualTimers()
    const machine = createMachine({ initial: "a", states: { a: { on: { go: "b" } }, b: { type: "final" } } })
    const { waits, send, ends, received } = await attempt(machine, timers)
    expect([waits, received]).toEqual([["event"], [0]])
    send({ number: 1, event: { type: "go" } })
    await timers.advance(0)
    expect([ends, received]).toEqual([[], [0]])
  })

  it("that are restored are not saved again, and wait for the rest of their time", async () => {
    const timers = new ManualTimers()
    const machine = createMachine({
      initial: "a",
      invoke: busy,
      states: { a: { after: { [hour]: "b" } }, b: { entry: () => entered.push(timers.now()) } }
    })
    const entered: Array<number> = []
    const begun = timers.now()
    const first = await attempt(machine, timers)
    await timers.advance(hour / 2)
    first.stop()
    const second = await attempt(machine, timers, first.texts.at(-1))
    expect(second.texts).toEqual([])
    await timers.advance(hour)
    expect(entered).toEqual([begun + hour])
  })

  it("that are restored and begin their wait anew at once, by an event that was there, wait the whole time", async () => {
    const timers = new ManualTimers()
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { again: { target: "a", reenter: true } }, after: { [hour]: "b" } }, b: { type: "final" } }
    })
    const begun = timers.now()
    const first = await attempt(machine, timers)
    await timers.advance(hour / 2)
    const second = await attempt(machine, timers, first.texts.at(-1), [{ number: 1, event: { type: "again" } }])
    expect(second.newest().delays).toMatchObject([{ dueAt: begun + 1.5 * hour }])
    expect([first.waits, second.waits]).toEqual([[begun + hour], [begun + 1.5 * hour]])
  })

  it("keep what is cancelled away, and deliver what is late in the order in which it was due", async () => {
    const timers = new ManualTimers()
    const heard: Array<string> = []
    const child = createMachine({ on: { ring: { actions: () => heard.push("child") } } })
    const machine = setup({ actors: { child } }).createMachine({
      invoke: [busy, { src: "child", id: "bell" }],
      entry: [
        raise({ type: "second" }, { delay: 2 * hour, id: "2" }),
        sendTo("bell", { type: "ring" }, { delay: hour, id: "1" }),
        raise({ type: "never" }, { delay: 3 * hour, id: "3" })
      ],
      on: {
        second: { actions: [() => heard.push("second"), cancel("3")] },
        never: { actions: () => heard.push("never") }
      }
    })
    const first = await attempt(machine, timers)
    expect(first.newest().delays.map(({ target, id }) => [target, id])).toEqual([
      [["bell"], "1"],
      [[], "2"],
      [[], "3"]
    ])
    first.stop()
    await timers.advance(2 * hour)
    await attempt(machine, timers, first.texts.at(-1))
    await timers.advance(4 * hour)
    expect(heard).toEqual(["child", "second"])
  })

  it("of one turn are one, of a child alone are saved too", async () => {
    const timers = new ManualTimers()
    const child = createMachine({ initial: "a", states: { a: { after: { 1000: "b" } }, b: {} } })
    const machine = setup({ actors: { child } }).createMachine({
      invoke: [busy, { src: "child", id: "kid" }],
      initial: "one",
      states: { one: { entry: raise({ type: "on" }), on: { on: "two" } }, two: { always: "three" }, three: {} }
    })
    const { texts, newest } = await attempt(machine, timers)
    expect([texts.length, newest().snapshot]).toMatchObject([1, { value: "three" }])
    await timers.advance(1000)
    expect([texts.length, newest().snapshot]).toMatchObject([2, { children: { kid: { snapshot: { value: "b" } } } }])
  })

  it("with nothing but a wait are put away at the first that is due, and stopped", async () => {
    const timers = new ManualTimers()
    const machine = createMachine({
      type: "parallel",
      states: {
        a: { initial: "x", states: { x: { after: { [2 * hour]: "y" } }, y: {} } },
        b: { initial: "x", states: { x: { after: { [hour]: "y" } }, y: {} } }
      }
    })
    const { waits, ends, texts } = await attempt(machine, timers)
    expect(waits).toEqual([timers.now() + hour])
    await timers.advance(3 * hour)
    expect([ends, texts.length]).toEqual([[], 1])
  })

  it("are not saved any more once one was refused", async () => {
    const timers = new ManualTimers()
    const machine = createMachine({
      context: { list: [1] as Array<unknown> },
      initial: "a",
      invoke: busy,
      states: {
        a: {
          after: { 1000: { target: "b", actions: enqueueActions(({ context }) => void context.list.push(new Map())) } }
        },
        b: { after: { 1000: "c" } },
        c: {}
      }
    })
    const { texts, ends } = await attempt(machine, timers)
    await timers.advance(5000)
    expect([texts.length, ends.length]).toEqual([1, 1])
    expect(ends[0]).toMatchObject({ _tag: "StepNotSavedError", state: '"b"', path: ["context", "list", 1] })
  })
})
