/** Which ends of a process count as a crash of the job that ran, and that hearing of signals changes nothing else. In real processes. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { sqlite } from "../../src/sqlite.ts"
import { createScheduler } from "../../src/index.ts"
import { bundled } from "../bundle.ts"
import { startChild } from "./kill/killLoop.ts"

let directory = ""
let program = ""
let filename = ""
let files = 0

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "carillon-stop-signals-"))
  program = await bundled(join(import.meta.dirname, "stopSignalsLife.ts"), directory)
})
afterAll(() => rmSync(directory, { recursive: true }))
beforeEach(() => {
  filename = join(directory, `jobs-${files++}.db`)
})

const begin = (manner: string) => {
  const child = startChild(program, [filename, manner])
  onTestFinished(async () => {
    child.process.kill("SIGKILL")
    await child.ended
  })
  return child
}

/** As many lives as `ends` has entries: each gets these signals one after the other once its job runs. How each ended. */
const lives = async (manner: string, ends: ReadonlyArray<ReadonlyArray<NodeJS.Signals>>): Promise<Array<string>> => {
  const seen: Array<string> = []
  for (const signals of ends) {
    const child = begin(manner)
    expect(await child.reached("working"), child.errors()).toBe(true)
    for (const signal of signals) {
      child.process.kill(signal)
      // What follows a signal comes after its handler, as a supervisor's second one does.
      if (signals.length > 1) await new Promise((resolve) => setTimeout(resolve, 150))
    }
    seen.push(await child.ended)
  }
  return seen
}

/** Whether one more start of the job is a run, or finds it parked. */
const after = async (): Promise<string> => {
  const child = begin("none")
  await Promise.race([child.reached("working"), child.reached("parked")])
  return child.told("parked") ?? "working"
}

const times = <A>(count: number, value: A): ReadonlyArray<A> => Array.from({ length: count }, () => value)

describe("an end that the process could see coming is no crash", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"] as const)(
    "%s that nobody handles ends the process as ever",
    { timeout: 60_000 },
    async (signal) => {
      expect(await lives("none", times(4, [signal]))).toEqual(times(4, signal))
      expect(await after()).toBe("working")
    }
  )

  it.each(["SIGHUP", "SIGUSR2", "SIGQUIT"] as const)(
    "%s that a handler sends again, or exits at",
    { timeout: 60_000 },
    async (signal) => {
      expect(await lives("reraises", times(4, [signal]))).toEqual(times(4, signal))
      expect(await lives("leaves", times(4, [signal]))).toEqual(times(4, "0"))
      expect(await after()).toBe("working")
    }
  )

  it("SIGINT that waits until a task lets go of the event loop", { timeout: 60_000 }, async () => {
    expect(await lives("blocks", times(4, ["SIGINT"]))).toEqual(times(4, "SIGINT"))
    expect(await after()).toBe("working")
  })

  it("SIGTERM, a shutdown, and the kill when its time is over", { timeout: 60_000 }, async () => {
    expect(await lives("stops", times(4, ["SIGTERM", "SIGKILL"]))).toEqual(times(4, "SIGKILL"))
    expect(await after()).toBe("working")
  })

  it("SIGTERM that the program handles without a shutdown, and the kill", { timeout: 60_000 }, async () => {
    expect(await lives("waits", times(4, ["SIGTERM", "SIGKILL"]))).toEqual(times(4, "SIGKILL"))
    expect(await after()).toBe("working")
  })

  it("a handler that exits at once", { timeout: 60_000 }, async () => {
    expect(await lives("exits", times(4, ["SIGINT"]))).toEqual(times(4, "0"))
    expect(await after()).toBe("working")
  })

  it("beside a library that sends again what nobody else handles", { timeout: 60_000 }, async () => {
    expect(await lives("polite", [["SIGINT"], ["SIGTERM"], ["SIGINT"], ["SIGTERM"]])).toEqual([
      ...["SIGINT", "SIGTERM", "SIGINT", "SIGTERM"]
    ])
    expect(await after()).toBe("working")
  })
})

describe("an end that comes out of nowhere is one", () => {
  it("SIGKILL, three times in a row", { timeout: 60_000 }, async () => {
    await lives("none", times(3, ["SIGKILL"]))
    expect(await after()).toBe("poison")
  })

  it("SIGKILL after a SIGINT that a task which blocks the event loop held up", { timeout: 60_000 }, async () => {
    expect(await lives("blocks", times(3, ["SIGINT", "SIGKILL"]))).toEqual(times(3, "SIGKILL"))
    expect(await after()).toBe("poison")
  })

  it("a task that ends the process itself", { timeout: 60_000 }, async () => {
    expect(await lives("task", times(3, []))).toEqual(times(3, "3"))
    expect(await after()).toBe("poison")
  })

  it("SIGUSR2 means something else to a program that handles it", { timeout: 60_000 }, async () => {
    await lives("waits", times(3, ["SIGUSR2", "SIGKILL"]))
    expect(await after()).toBe("poison")
  })
})

it("listens while a file is open, once for however many, and no longer", async () => {
  const count = (): number => process.listenerCount("SIGTERM")
  const before = count()
  const schedulers = await Promise.all(
    times(12, null).map(async (_, index) => {
      const scheduler = createScheduler({ store: sqlite({ filename: `${filename}-${index}` }) })
      await scheduler.start()
      return scheduler
    })
  )
  expect(count()).toBe(before + 1)
  await Promise.all(schedulers.map((scheduler) => scheduler.shutdown()))
  expect(count()).toBe(before)
})
