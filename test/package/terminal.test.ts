/** What users wrote reaches a terminal only escaped and bounded, whichever way it takes. */
import { describe, expect, it, vi } from "vitest"
import { eventLines } from "../../examples/crontab/eventLines.ts"
import type { BoardJob } from "../../examples/crontab/jobBoard.ts"
import { liveLines } from "../../examples/crontab/liveView.ts"
import { plainView } from "../../examples/crontab/plainView.ts"
import { syncJobs } from "../../examples/crontab/syncJobs.ts"
import { runCommand } from "../../src/cli/runCommand.ts"
import { interval, InvalidTriggerError, task } from "../../src/index.ts"
import type { JobRecord, SchedulerEvent } from "../../src/index.ts"
import { terminalText } from "../../src/task/terminalText.ts"
import { newWorld, temporaryFile } from "../scenarios/world.ts"

/** Sets the title, clears the screen, turns the direction, ends the line. */
const hostile = "\u001b]0;owned\u0007\u001b[2J\u009b31m\u202eevil\u2028\r\n\ttail"
const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

const quiet = task(`quiet ${hostile}`, () => null)

describe("terminalText", () => {
  it("escapes what moves the cursor or hides text, as JSON does", () => {
    expect(terminalText("\u001b[2J\u202e\n")).toBe("\\u001b[2J\\u202e\\u000a")
    expect(JSON.parse(`"${terminalText("\u001b\u009b\u202e\u{e0001}")}"`)).toBe("\u001b\u009b\u202e\u{e0001}")
    expect(terminalText("a\nb\tc", { lines: true })).toBe("a\nb\\u0009c")
    expect(terminalText("grüße 東京 🎉")).toBe("grüße 東京 🎉")
    expect(terminalText("x".repeat(5_000))).toHaveLength(2_001)
  })
})

it("printJobs prints ids and names escaped", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [quiet] })
  await scheduler.addJob({ id: hostile, task: quiet, trigger: interval("1 hour") })
  const lines: Array<string> = []
  await scheduler.printJobs((line) => lines.push(line))
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toMatch(harmful)
  expect(lines[0]).toContain("evil")
})

it("the default onError prints errors escaped", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined)
  const { createScheduler } = await import("../../src/index.ts")
  const scheduler = createScheduler({ tasks: [quiet] })
  const tagged = new InvalidTriggerError({ trigger: hostile, field: "x", found: hostile, expected: "y" })
  for (const error of [new Error(hostile), tagged])
    scheduler.on("JobAdded", () => {
      throw error
    })
  await scheduler.start()
  await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 hour") })
  await scheduler.shutdown()
  const printed = warn.mock.calls.flat().map(String)
  warn.mockRestore()
  expect(printed).toHaveLength(4)
  for (const text of printed) expect(text.replaceAll("\n", "")).not.toMatch(harmful)
})

it("carillon verify prints names of files and jobs escaped, and JSON that says the same", async () => {
  const lines: Array<string> = []
  const terminal = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) }
  expect(await runCommand(["verify", `${temporaryFile()}${hostile}`], terminal)).toBe(2)
  expect(await runCommand([hostile], terminal)).toBe(2)
  expect(await runCommand(["verify", `${temporaryFile()}${hostile}`, "--json"], terminal)).toBe(2)
  for (const line of lines) expect(line.replaceAll("\n", "")).not.toMatch(harmful)
  expect((JSON.parse(lines.at(-1) ?? "") as { readonly message: string }).message).toContain("\u202eevil")
})

describe("the crontab program", () => {
  const at = Date.UTC(2026, 0, 1)
  const run = { at, seq: 1, jobId: hostile, runId: "1", fireAt: at, attempt: 1 }
  const end = { ...run, startedAt: at, finishedAt: at, final: true, retryAt: null }
  const events: ReadonlyArray<SchedulerEvent> = [
    { ...run, type: "RunProgressed", value: { lines: [hostile] } },
    { ...end, type: "RunSucceeded", result: null },
    { ...end, type: "RunFailed", error: { name: hostile, message: hostile.repeat(200) } },
    { at, seq: 1, type: "JobParked", jobId: hostile, fault: { kind: "poison", message: hostile } },
    { at, seq: 1, type: "FireMisfired", jobId: hostile, fireAt: at, through: at, count: 1, reason: "late" },
    { at, seq: 1, type: "SchedulerDegraded", store: hostile, reason: hostile }
  ]
  const record = {
    ...{ id: hostile, state: "scheduled", nextFireAt: at, misfire: null, pausedBy: null },
    metadata: { schedule: hostile }
  } as unknown as JobRecord
  const board = new Map<string, BoardJob>([[hostile, { record, lastRun: null } as BoardJob]])
  const news = events.flatMap((event) => eventLines(event, "UTC")).map((line) => ({ ...line, at }))

  it("tells events in lines without control characters, of a bounded length", () => {
    for (const { text } of news) {
      expect(text).not.toMatch(harmful)
      expect(text.length).toBeLessThan(1_100)
    }
  })

  it("shows both views without them", () => {
    const lines: Array<string> = []
    const view = plainView({ print: (line) => lines.push(line), now: () => at, timezone: "UTC" })
    view.note(hostile)
    view.phase(hostile)
    view.news(news, at)
    view.jobs(board)
    const state = { title: hostile, board, notes: [hostile], news, phase: hostile }
    lines.push(...liveLines(state, { width: 140, height: 40, now: at, timezone: "UTC", colour: false }))
    expect(lines.length).toBeGreaterThan(10)
    for (const line of lines) expect(line).not.toMatch(harmful)
  })

  it("says what it has added and removed without them", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const job = { id: hostile, task: quiet.name, trigger: interval("1 hour"), tags: ["crontab"] }
    const told = await syncJobs(scheduler, [job])
    expect(told).toContain("1 added")
    expect(told).not.toMatch(harmful)
  })
})
