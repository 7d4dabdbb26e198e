/** What the engine reports goes to the log of an Effect program. */
import { memory, StoreFenced } from "carillon"
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import { faultyStore } from "../scenarios/faultyStore.ts"
import type { LogLine } from "./effectScene.ts"
import { advance, keepingLog, run } from "./effectScene.ts"

describe("what the engine reports", () => {
  it("goes to the program's Logger: an error with its cause where nobody expected it", async () => {
    const lines: Array<LogLine> = []
    await run({ tasks: [] }, (scheduler) =>
      Effect.sync(() => {
        scheduler.promises.on("SchedulerPaused", () => {
          throw new Error("a bug of a listener")
        })
      }).pipe(Effect.andThen(scheduler.pause))
    ).pipe(Effect.provide(keepingLog(lines)), Effect.runPromise)
    expect(lines).toMatchObject([
      {
        level: "ERROR",
        message: "carillon: a listener of SchedulerPaused",
        annotations: { "carillon.where": "a listener of SchedulerPaused" },
        cause: expect.stringContaining("a bug of a listener") as string
      }
    ])
  })

  it("is a warning of one line where it is expected to fail, and nothing goes to the console", async () => {
    const lines: Array<LogLine> = []
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined)
    try {
      const { store, fail } = faultyStore(memory())
      await run({ tasks: [], store }, (scheduler) =>
        Effect.gen(function* () {
          fail("before", () => new StoreFenced({ store: "jobs.db", epoch: 1 }))
          yield* advance("2 hours")
          yield* Effect.exit(scheduler.stopped)
        })
      ).pipe(Effect.provide(keepingLog(lines)), Effect.runPromise)
      expect(lines).toMatchObject([
        {
          level: "WARN",
          message: expect.stringMatching(/^carillon: store "default": StoreFenced: [^\n]*$/) as string,
          annotations: { "carillon.where": 'store "default"', "carillon.error": "StoreFenced" },
          cause: ""
        }
      ])
      expect(warned).not.toHaveBeenCalled()
    } finally {
      warned.mockRestore()
    }
  })

  it("goes to `onError` alone where the options have one", async () => {
    const lines: Array<LogLine> = []
    const told: Array<unknown> = []
    await run({ onError: (error) => void told.push(error) }, (scheduler) =>
      Effect.sync(() => {
        scheduler.promises.on("SchedulerPaused", () => {
          throw "thrown"
        })
      }).pipe(Effect.andThen(scheduler.pause))
    ).pipe(Effect.provide(keepingLog(lines)), Effect.runPromise)
    expect([told, lines]).toEqual([["thrown"], []])
  })
})
