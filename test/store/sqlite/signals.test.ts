/** Signals that tell a process to end are noted, and do in a program whatever they do when nobody listens here. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { onStopSignal } from "../../../src/store/sqlite/signals.ts"

const requests = ["SIGINT", "SIGTERM"] as const
const ends = ["SIGHUP", "SIGQUIT", "SIGUSR2", "SIGBREAK"] as const

let notes: Array<string> = []
let nowMs = 0
const emitter: NodeJS.EventEmitter = process
let exitsBefore: ReadonlyArray<unknown> = []

const listenersOf = () => ["exit", "removeListener", ...requests, ...ends].map((event) => emitter.listenerCount(event))
let listenersBefore: ReadonlyArray<number> = []

const listening = (name = "told"): (() => void) => {
  const forget = onStopSignal(
    (dying) => notes.push(dying ? `${name}, dying` : name),
    () => nowMs
  )
  onTestFinished(forget)
  return forget
}

/** A handler of the program's own. */
const handled = (signal: NodeJS.Signals, once = false): void => {
  const handler = () => void notes.push("handled")
  if (once) process.once(signal, handler)
  else process.on(signal, handler)
  onTestFinished(() => void process.off(signal, handler))
}

/** The process leaves of itself, as far as those hear of it that came with the listeners. */
const leave = (): void => {
  for (const listener of process.listeners("exit")) if (!exitsBefore.includes(listener)) listener(0)
}

beforeEach(() => {
  notes = []
  nowMs = 1_000_000
  exitsBefore = process.listeners("exit")
  listenersBefore = listenersOf()
  vi.spyOn(process, "kill").mockImplementation((_pid, signal) => {
    notes.push(`killed by ${String(signal)}`)
    return true
  })
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(requests)("%s, which asks for a stop", (signal) => {
  it("is noted before the program's own handler hears it, and once", () => {
    handled(signal)
    listening()
    process.emit(signal, signal)
    expect(notes).toEqual(["told", "handled"])
    process.emit(signal, signal)
    expect(notes).toEqual(["told", "handled", "handled"])
    leave()
    expect(notes).toHaveLength(3)
  })

  it("ends a program without a handler as it would have, once it is noted", () => {
    listening()
    process.emit(signal, signal)
    expect(notes).toEqual(["told, dying", `killed by ${signal}`])
  })
})

describe.each(ends)("%s, which may mean something else to a program", (signal) => {
  it("ends a program without a handler as it would have, once it is noted", () => {
    listening()
    process.emit(signal, signal)
    expect(notes).toEqual(["told, dying", `killed by ${signal}`])
  })

  it.each([
    ["is noted when a program that has handled it leaves within a minute", 59_999, ["handled", "told, dying"]],
    ["has nothing to do with a program that leaves later", 60_000, ["handled"]]
  ])("%s", (_what, afterMs, expected) => {
    handled(signal)
    listening()
    process.emit(signal, signal)
    nowMs += afterMs
    leave()
    expect(notes).toEqual(expected)
  })

  it("is heard again after a program has handled it", async () => {
    handled(signal)
    listening()
    process.emit(signal, signal)
    await Promise.resolve()
    await new Promise((resolve) => process.nextTick(resolve))
    nowMs += 100_000
    process.emit(signal, signal)
    leave()
    expect(notes).toEqual(["handled", "handled", "told, dying"])
  })

  it("is noted at once where the program's last handler takes itself away as it hears it", () => {
    handled(signal, true)
    listening()
    process.emit(signal, signal)
    expect(notes).toEqual(["told", "handled"])
  })

  it("is not, where another handler stays", () => {
    handled(signal, true)
    handled(signal)
    listening()
    process.emit(signal, signal)
    expect(notes).toEqual(["handled", "handled"])
  })
})

describe("those who listen", () => {
  it("are all told, until they are forgotten", () => {
    handled("SIGINT")
    const forget = listening("first")
    listening("second")
    forget()
    process.emit("SIGINT", "SIGINT")
    expect(notes).toEqual(["second", "handled"])
  })

  it("are told of nothing where a program leaves of itself", () => {
    listening()
    leave()
    expect(notes).toEqual([])
  })

  it("leave no listener behind, however many there were", () => {
    const forget = [listening(), listening()]
    const during = listenersOf()
    expect(during.every((count, index) => count === (listenersBefore[index] ?? 0) + 1)).toBe(true)
    for (const each of forget) each()
    expect(listenersOf()).toEqual(listenersBefore)
  })

  it("are not told where a handler goes that has heard no signal", () => {
    const handler = () => undefined
    process.on("SIGHUP", handler)
    listening()
    process.off("SIGHUP", handler)
    expect(notes).toEqual([])
  })
})
