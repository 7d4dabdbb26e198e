/** Whatever text comes in: a trigger or an error with a tag and a place, soon. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readInstant } from "../../src/time/instant.ts"
import { compileCron, cron } from "../../src/trigger/cron/cron.ts"
import { InvalidCrontabError, readCrontab } from "../../src/trigger/cron/crontab.ts"
import { InvalidTriggerError } from "../../src/trigger/invalidTrigger.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import type { TriggerSpec } from "../../src/trigger/trigger.ts"
import { cpuMs } from "./cpuTime.ts"

const numRuns = process.env["EXHAUSTIVE"] === undefined ? 400 : 50_000

const cronish = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...Array.from("0123456789*/-,?LW# @adefijmnorstuwy")), maxLength: 40 }),
  fc
    .array(fc.string({ unit: fc.constantFrom(...Array.from("0123456789*/-,?LW#fri")), minLength: 1, maxLength: 8 }), {
      minLength: 5,
      maxLength: 6
    })
    .map((fields) => fields.join(" ")),
  fc.constantFrom(
    "9".repeat(2000),
    "*,".repeat(512),
    "* ".repeat(600),
    "1-59/1,".repeat(146),
    "\u0000 * * * *",
    "* * * * *\u2028",
    "@".repeat(1024)
  )
)

/** Runs `work`, which may throw only `allowed`; gives the error. */
const failing = (work: () => unknown, allowed: (error: unknown) => boolean): unknown => {
  const startedMs = cpuMs()
  try {
    work()
    return undefined
  } catch (error) {
    if (!allowed(error)) throw error
    return error
  } finally {
    // The bound is 50 ms; a machine that is busy with other tests gets more.
    expect(cpuMs() - startedMs).toBeLessThan(500)
  }
}

describe("any text", () => {
  it("is cron text or an InvalidTriggerError that shows the text, the place and what was allowed", () => {
    fc.assert(
      fc.property(cronish, (text) => {
        const error = failing(
          () => cron(text, { timezone: "UTC" }).next(0),
          (each) => each instanceof InvalidTriggerError
        )
        if (!(error instanceof InvalidTriggerError)) return
        expect(error.expected.length).toBeGreaterThan(0)
        expect(error.message.length).toBeLessThan(800)
        expect(error.message).toContain(JSON.stringify(text.slice(0, 60)).slice(0, -1))
        if (error.field !== "date") expect(error.column).toBeGreaterThan(0)
      }),
      { numRuns, seed: 1 }
    )
  })

  it("is a field's expression or an InvalidTriggerError", () => {
    const names = fc.constantFrom("year", "month", "day", "week", "dayOfWeek", "hour", "minute", "second", "hours")
    fc.assert(
      fc.property(fc.dictionary(names, fc.oneof(cronish, fc.integer(), fc.double())), (fields) => {
        failing(
          () => compileCron(fields),
          (error) => error instanceof InvalidTriggerError
        )
      }),
      { numRuns, seed: 2 }
    )
  })

  it("is a crontab or an InvalidCrontabError with places", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(cronish, fc.constantFrom("A=b", "CRON_TZ=x", "@daily run", "* * * * * root run")), {
          maxLength: 8
        }),
        fc.boolean(),
        (lines, system) => {
          const error = failing(
            () => readCrontab(lines.join("\n"), { system }),
            (each) => each instanceof InvalidCrontabError
          )
          if (!(error instanceof InvalidCrontabError)) return
          for (const fault of error.faults) expect(Math.min(fault.line, fault.column)).toBeGreaterThan(0)
        }
      ),
      { numRuns: numRuns / 4, seed: 3 }
    )
  })

  it("is an instant or a tagged error", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from("0123456789-:TZ+. [")), maxLength: 40 }), (text) => {
        failing(
          () => readInstant(text, "Europe/Stockholm"),
          (error) => (error as { _tag?: unknown })._tag === "InvalidInstantError"
        )
      }),
      { numRuns, seed: 4 }
    )
  })

  it("is a stored trigger or a tagged error", () => {
    const registry = createTriggerRegistry()
    const types = fc.constantFrom(...registry.types, "other", "__proto__")
    const names = fc.constantFrom(
      "expression",
      "every",
      "at",
      "triggers",
      "trigger",
      "max",
      "count",
      "days",
      "timezone",
      "start",
      "weekdays"
    )
    const spec = fc
      .tuple(types, fc.dictionary(names, fc.jsonValue({ maxDepth: 2 })))
      .map(([type, fields]) => ({ ...fields, type }))
    fc.assert(
      fc.property(fc.oneof(spec, fc.jsonValue()), (stored) => {
        failing(
          () => registry.read(stored as TriggerSpec),
          (error) =>
            /^(InvalidTrigger|UnknownTrigger|UnknownTimezone|UnknownCalendar)Error$/.test(
              String((error as { _tag?: unknown })._tag)
            )
        )
      }),
      { numRuns, seed: 5 }
    )
  })
})
