import { describe, expect, it } from "vitest"
import type { JobRecord, JobState, LedgerEntry, RunRecord, SchedulerEvent } from "carillon"
import { readCrontab } from "carillon"
import { crontabJobs } from "../../examples/crontab/crontabJobs.ts"
import { eventLines } from "../../examples/crontab/eventLines.ts"
import type { Board } from "../../examples/crontab/jobBoard.ts"
import { emptyBoard, withEvent, withHistory, withRecords } from "../../examples/crontab/jobBoard.ts"
import type { Frame, LiveState } from "../../examples/crontab/liveView.ts"
import { liveLines } from "../../examples/crontab/liveView.ts"
import { accountOf, accountText } from "../../examples/crontab/missedAccount.ts"
import { readArguments } from "../../examples/crontab/options.ts"
import { jobList } from "../../examples/crontab/plainView.ts"
import { comingText, fitted, printable, spanText, widthOf, wrapped } from "../../examples/crontab/wording.ts"

const noon = Date.UTC(2026, 5, 1, 12)
const second = 1000

describe("wording", () => {
  it.for([
    [-5, "0 ms"],
    [999.4, "999 ms"],
    [1200, "1.2 s"],
    [45_000, "45 s"],
    [119_400, "119 s"],
    [12 * 60_000, "12 min"],
    [3.5 * 3_600_000, "3.5 h"],
    [48 * 3_600_000, "2.0 d"]
  ] as const)("tells a span of %d ms as %s", ([ms, text]) => expect(spanText(ms)).toBe(text))

  it.for([
    [0, "due"],
    [12 * second, "in 12 s"],
    [60 * second, "12:01:00"],
    [86_400 * second, "06-02 12:00"],
    [365 * 86_400 * second, "2027-06-01"]
  ] as const)("tells what comes in %d ms as %s", ([ms, text]) => expect(comingText(noon + ms, noon, "UTC")).toBe(text))

  it("lets no output move the cursor", () => {
    expect(printable("a\u001b[31mred\u001b[0m\rb\tc\u0007\u001b]0;title\u0007d\u202e\n")).toBe("aredb  cd")
    expect(printable("one\ntwo\n")).toBe("one / two")
  })

  it("fits text into columns, wide letters counted as two", () => {
    expect(fitted("abc", 5)).toBe("abc  ")
    expect(fitted("abcdef", 4)).toBe("abc…")
    expect(fitted("日本語", 4)).toBe("日… ")
    expect(widthOf("日本🎉é")).toBe(7)
    expect(wrapped("one two three", 7)).toEqual(["one two", "three"])
  })
})

describe("readArguments", () => {
  it("reads every option", () => {
    const words = "--crontab a --system --db b --timezone UTC --grace 5m --for 1.5s --plain".split(" ")
    const options = { crontab: "a", system: true, db: "b", timezone: "UTC", graceMs: 300_000, forMs: 1500, plain: true }
    expect(readArguments(words)).toEqual({ _tag: "Run", options })
    expect(readArguments(["-h"])).toEqual({ _tag: "Help" })
  })

  it.for(["--frequency", "stray", "--db", "--for 0s", "--for soon", "--for 25d"])("refuses %s", (words) => {
    expect(readArguments(words.split(" "))._tag).toBe("Misuse")
  })
})

describe("crontabJobs", () => {
  const idsOf = (text: string) => crontabJobs(text, readCrontab(text), noon).map(({ id }) => id)

  it("names a job by the comment above it, else by its command", () => {
    const text =
      "# name: nightly backup\n# at three\n0 3 * * * /usr/bin/backup --all\n@daily /usr/bin/backup --all\n@daily %x"
    expect(idsOf(text)).toEqual(["nightly backup", "backup-all", expect.stringMatching(/^command-[0-9a-f]{6}$/)])
  })

  it("tells lines of one name apart, and the first keeps it", () => {
    const [first, second, third] = idsOf("@daily run\n@hourly run\n@hourly run")
    expect(first).toBe("run")
    expect(second).toMatch(/^run-[0-9a-f]{6}$/)
    expect(third).toBe(`${second ?? ""}-2`)
    expect(idsOf("A=b\n@hourly other\n@daily run\n@hourly run").slice(1)).toEqual([first, second])
  })
})

describe("accountOf", () => {
  it("counts what came due while nothing ran", () => {
    const run = { jobId: "a", requested: false, fireAt: noon - 5 * second, claimedAt: noon, startedAt: noon + 20 }
    const later = { ...run, fireAt: noon + second, claimedAt: noon + second }
    const earlier = { ...run, fireAt: noon - 90 * second, claimedAt: noon - 90 * second }
    const entry = { jobId: "a", kind: "coalesced", from: noon - 60 * second, count: 11, at: noon }
    const misfire = { ...entry, jobId: "b", kind: "misfired", from: noon - 30 * second, count: 2 }
    const account = accountOf(
      [run, later, earlier] as unknown as ReadonlyArray<RunRecord>,
      [entry, misfire] as unknown as ReadonlyArray<LedgerEntry>,
      noon
    )
    expect(account).toEqual({
      jobs: 2,
      ranLate: 1,
      coalesced: 11,
      misfired: 2,
      since: noon - 60 * second,
      mostLateMs: 5020
    })
    expect(accountText(account, 1, noon, "UTC")).toBe(
      "While the scheduler was stopped, 14 fire times of 2 jobs came due since 11:59:00: 1 ran late (up to 5.0 s), " +
        "11 coalesced into those runs, 2 misfired. 1 run that the last stop cut off runs again."
    )
    expect(accountText(accountOf([], [], noon), 0, noon, "UTC")).toBe(
      "Nothing came due while the scheduler was stopped."
    )
  })
})

describe("eventLines", () => {
  const run = {
    at: noon,
    seq: 1,
    jobId: "a",
    runId: "1",
    fireAt: noon,
    attempt: 1,
    startedAt: noon + 2,
    finishedAt: noon + 50
  }

  it.for<[Partial<SchedulerEvent>, ReadonlyArray<string>]>([
    [{ ...run, type: "RunProgressed", value: { lines: ["one", "\u001b[2Jtwo"] } }, ["a | one", "a | two"]],
    [{ ...run, type: "RunSucceeded", result: null }, ["a succeeded in 48 ms"]],
    [
      { ...run, fireAt: noon - 90 * second, type: "RunFailed", error: { name: "E", message: "exit code 3: x\ny" } },
      ["a failed in 48 ms, 90 s late: exit code 3: x / y"]
    ],
    [
      {
        at: noon,
        seq: 1,
        type: "FireMisfired",
        jobId: "a",
        fireAt: noon,
        through: noon,
        count: 1,
        reason: "maxInstances"
      },
      ["a misfired 1 fire time (12:00:00): it was still running"]
    ],
    [
      {
        at: noon,
        seq: 1,
        type: "FireCoalesced",
        jobId: "a",
        fireAt: noon - 9 * second,
        through: noon,
        count: 4,
        into: "1"
      },
      ["a coalesced 4 fire times (11:59:51 to 12:00:00) into one run"]
    ],
    [{ ...run, type: "RunClaimed" }, []]
  ])("tells %j", ([event, texts]) => {
    expect(eventLines(event as SchedulerEvent, "UTC").map(({ text }) => text)).toEqual(texts)
  })
})

describe("the live view", () => {
  const record = (id: string, state: JobState, nextFireAt: number | null): JobRecord =>
    ({
      id,
      state,
      nextFireAt,
      metadata: { schedule: "* * * * *" },
      misfire: null,
      pausedBy: null
    }) as unknown as JobRecord
  const started = { seq: 1, jobId: "backup", runId: "1", fireAt: noon - 3 * second, attempt: 1 }
  const board: Board = [
    { ...started, type: "RunStarted", at: noon - 2988 } as const,
    {
      ...started,
      type: "RunProgressed",
      at: noon - 2900,
      value: { lines: ["copied \u001b[1m12\u001b[0m files"] }
    } as const,
    {
      ...started,
      type: "RunSucceeded",
      at: noon - 2000,
      startedAt: noon - 2988,
      finishedAt: noon - 2000,
      final: true,
      retryAt: null,
      result: null
    } as const
  ].reduce(
    withEvent,
    withRecords(emptyBoard, [record("backup", "scheduled", noon + 57 * second), record("report", "paused", null)])
  )
  const state: LiveState = {
    title: "Carillon",
    board,
    notes: ["2 jobs from the crontab"],
    news: [
      { at: noon - 2000, text: "backup succeeded", tone: "good" },
      { at: noon, text: "a line that is longer than the terminal is wide, so that it has to be cut", tone: "output" }
    ],
    phase: "Ctrl-C stops"
  }
  const frame: Frame = { width: 80, height: 14, now: noon, timezone: "UTC", colour: false }
  const trimmed = (lines: ReadonlyArray<string>) => lines.map((line) => line.trimEnd())

  it("shows each job's state, last outcome, lateness, next fire time and output, then the news", () => {
    expect(trimmed(liveLines(state, frame))).toEqual([
      "Carillon",
      "12:00:00 UTC · 2 jobs, 0 running",
      "2 jobs from the crontab",
      "",
      "JOB     STATE      LAST (AGO)         LATE     NEXT         OUTPUT",
      "backup  scheduled  ✓ 2.0 s            12 ms    in 57 s      copied 12 files",
      "report  paused                                 paused",
      "",
      "11:59:58 backup succeeded",
      "12:00:00 a line that is longer than the terminal is wide, so that it has to be …",
      "",
      "Ctrl-C stops"
    ])
  })

  it.for([1, 5, 9, 14, 60])("never has more than %d lines, nor more columns than there are", (height) => {
    for (const width of [20, 60, 80, 100, 200]) {
      const lines = liveLines(state, { ...frame, height, width })
      expect(lines.length).toBeLessThanOrEqual(height)
      if (width >= 60) expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width)
    }
  })

  it("counts the jobs that do not fit", () => {
    const many = Array.from({ length: 30 }, (_, index) => record(`job-${index}`, "scheduled", noon + second))
    const lines = liveLines({ ...state, board: withRecords(emptyBoard, many) }, { ...frame, height: 24 })
    expect(lines).toContain("… and 20 more")
    expect(lines.filter((line) => line.startsWith("job-"))).toHaveLength(10)
  })

  it("has no colour unless asked", () => {
    const escape = "\u001b["
    expect(liveLines(state, frame).join("")).not.toContain(escape)
    expect(liveLines(state, { ...frame, colour: true }).join("")).toContain(`${escape}32m`)
  })

  it("lists the jobs for a log", () => {
    expect(jobList(board, noon, "UTC")).toEqual(["  backup  * * * * *  next 12:00:57", "  report  * * * * *  paused"])
  })

  it("knows the last run of an earlier start", () => {
    const run = {
      jobId: "backup",
      fireAt: noon - 9000,
      startedAt: noon - 8000,
      finishedAt: noon - 7000,
      outcome: "failed",
      error: null,
      result: { output: "one\ntwo\n" }
    }
    const fresh = withRecords(emptyBoard, [record("backup", "scheduled", noon)])
    const known = withHistory(fresh, [run, { ...run, fireAt: noon - 99_000 }] as unknown as ReadonlyArray<RunRecord>)
    expect(known.get("backup")?.lastRun).toMatchObject({
      fireAt: noon - 9000,
      latenessMs: 1000,
      outcome: "failed",
      said: "two"
    })
  })
})
