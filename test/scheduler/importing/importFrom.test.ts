/** Exports of three schedulers, as they write them, and what becomes of each line: some lines over 300, most are the exports. */
import { CronExpressionParser } from "cron-parser"
import { describe, expect, it } from "vitest"
import { cronParser, importFrom } from "../../../src/cronParser.ts"
import { createScheduler, task } from "../../../src/index.ts"
import { virtualClock } from "../../../src/testing.ts"

const bullmq = [
  {
    key: "digest",
    name: "send-digest",
    pattern: "0 2 * * *",
    tz: "Europe/Berlin",
    next: 1767315600000,
    iterationCount: 12,
    template: {
      data: { to: "ops" },
      opts: { attempts: 4, backoff: { type: "exponential", delay: 2000 }, removeOnComplete: true, priority: 3 }
    }
  },
  { key: "poll", name: "poll", every: 60000, offset: 15000, next: 1767225615000, endDate: 1798761600000 },
  {
    key: "few",
    name: "poll",
    pattern: "*/5 * * * *",
    tz: "UTC",
    limit: 10,
    iterationCount: 4,
    startDate: "2026-02-01T00:00:00.000Z"
  },
  { key: "here", name: "poll", pattern: "0 9 * * *", template: { opts: { attempts: 2, backoff: 500 } } }
]

const pgBoss = [
  {
    name: "report",
    key: "emea",
    cron: "0 6 * * 1",
    timezone: "Europe/London",
    data: { region: "emea" },
    options: {
      retryLimit: 3,
      retryDelay: 10,
      retryBackoff: true,
      retryDelayMax: 60,
      expireInSeconds: 900,
      priority: 5
    },
    created_on: "2026-01-01T00:00:00.000Z",
    updated_on: "2026-01-01T00:00:00.000Z"
  },
  { name: "sweep", key: null, cron: "*/10 * * * *", timezone: null, data: null, options: null }
]

const agenda = [
  {
    _id: { $oid: "65a000000000000000000001" },
    name: "digest",
    type: "single",
    data: { to: "ops" },
    repeatInterval: "0 2 * * *",
    repeatTimezone: "Europe/Berlin",
    nextRunAt: { $date: "2026-01-02T01:00:00.000Z" },
    lastRunAt: { $date: { $numberLong: "1767229200000" } },
    priority: 10
  },
  {
    _id: { $oid: "65a000000000000000000002" },
    name: "poll",
    type: "normal",
    data: {},
    repeatInterval: "5 minutes",
    nextRunAt: { $date: { $numberLong: "1767225900000" } }
  },
  {
    _id: "65a000000000000000000003",
    name: "once",
    type: "normal",
    data: { id: 7 },
    nextRunAt: "2026-03-01T08:00:00.000Z",
    disabled: true
  },
  {
    _id: "65a000000000000000000004",
    name: "daily",
    type: "single",
    data: null,
    repeatInterval: "1 day",
    repeatAt: "3:30pm",
    repeatTimezone: "UTC"
  }
]

const nextOf = (
  trigger: { readonly next: (after: number) => number | undefined } | undefined,
  after: string
): string => {
  const at = trigger?.next(Date.parse(after))
  return at === undefined ? "none" : new Date(at).toISOString()
}

describe("importFrom bullmq", () => {
  it("keeps fire times, payloads and retries", () => {
    const { jobs } = importFrom("bullmq", bullmq)
    const [digest, poll, few, here] = jobs
    expect(digest).toMatchObject({
      id: "digest",
      task: "send-digest",
      args: { to: "ops" },
      overlap: "queue-all",
      retry: { attempts: 4, backoff: 2000, factor: 2 }
    })
    expect(digest?.trigger?.toJSON()).toEqual({
      type: "cron-parser",
      expression: "0 2 * * *",
      timezone: "Europe/Berlin"
    })
    expect(nextOf(digest?.trigger, "2026-03-29T00:00:00Z")).toBe(
      CronExpressionParser.parse("0 2 * * *", { tz: "Europe/Berlin", currentDate: "2026-03-29T00:00:00Z" })
        .next()
        .toISOString()
    )
    // Its slots are multiples of `every`, moved by `offset`.
    expect(nextOf(poll?.trigger, "2026-01-01T00:00:00Z")).toBe("2026-01-01T00:00:15.000Z")
    expect(nextOf(poll?.trigger, "2026-12-31T23:59:50Z")).toBe("none")
    expect(few?.trigger?.toJSON()).toMatchObject({ type: "limit", count: 6, trigger: { start: Date.UTC(2026, 1, 1) } })
    expect(here).toMatchObject({ retry: { attempts: 2, backoff: 500, factor: 1 } })
    expect(here?.trigger?.toJSON()).toEqual({ type: "cron-parser", expression: "0 9 * * *" })
  })

  it("tells what is not as it was, and nothing else", () => {
    expect(importFrom("bullmq", bullmq).lines).toEqual([
      '"digest": template.opts.priority 3 -> left out: nothing here stands for it',
      "\"here\": tz nothing -> the scheduler's zone, where BullMQ took its worker's"
    ])
    expect(importFrom("bullmq", [bullmq[1]])).toMatchObject({ changes: [], lines: [] })
  })

  it("gives cron() where that is asked for", () => {
    const { jobs } = importFrom("bullmq", bullmq, { cron: "cron" })
    expect(jobs[0]?.trigger?.toJSON()).toEqual({ type: "cron", expression: "0 2 * * *", timezone: "Europe/Berlin" })
  })

  it("is added, runs, and verifies", async () => {
    const clock = virtualClock(Date.UTC(2026, 0, 1))
    const ran: Array<unknown> = []
    const scheduler = createScheduler({
      tasks: ["send-digest", "poll"].map((name) => task(name, ({ args }) => void ran.push([name, args]))),
      triggers: [cronParser],
      timezone: "UTC",
      clock
    })
    await scheduler.start()
    await scheduler.addJobs(importFrom("bullmq", JSON.stringify(bullmq)).jobs)
    await clock.advance("61 minutes")
    expect(ran).toHaveLength(62)
    expect(ran.at(-1)).toEqual(["poll", null])
    expect(ran).toContainEqual(["send-digest", { to: "ops" }])
    expect(await scheduler.verify()).toMatchObject({ ok: true })
    await scheduler.shutdown()
  })
})

describe("importFrom pg-boss", () => {
  it("keeps fire times, data, retries and its expiry", () => {
    const [report, sweep] = importFrom("pg-boss", pgBoss).jobs
    expect(report).toMatchObject({
      id: "report:emea",
      task: "report",
      args: { region: "emea" },
      retry: { attempts: 4, backoff: 10_000, factor: 2, maxBackoff: 60_000 },
      timeout: 900_000,
      misfireGrace: "1 minute"
    })
    expect(report?.trigger?.toJSON()).toMatchObject({ type: "cron-parser", timezone: "Europe/London" })
    expect(sweep).toMatchObject({ id: "sweep", task: "sweep" })
    expect(sweep).not.toHaveProperty("retry")
    expect(sweep).not.toHaveProperty("args")
    expect(sweep?.trigger?.toJSON()).toMatchObject({ timezone: "UTC" })
  })

  it("tells what is not as it was", () => {
    expect(importFrom("pg-boss", pgBoss).changes).toEqual([
      {
        jobId: "report:emea",
        field: "concurrency",
        found: "the workers'",
        becomes: expect.stringContaining("maxInstances") as string
      },
      {
        jobId: "report:emea",
        field: "options.priority",
        found: "5",
        becomes: expect.stringContaining("left out") as string
      },
      {
        jobId: "sweep",
        field: "concurrency",
        found: "the workers'",
        becomes: expect.stringContaining("maxInstances") as string
      },
      {
        jobId: "sweep",
        field: "options.retryLimit",
        found: "nothing",
        becomes: expect.stringContaining("queue") as string
      }
    ])
  })
})

describe("importFrom agenda", () => {
  it("keeps cron, words, single dates, times of day and what is disabled", () => {
    const [digest, poll, once, daily] = importFrom("agenda", agenda).jobs
    expect(digest).toMatchObject({ id: "digest", task: "digest", args: { to: "ops" } })
    expect(digest?.trigger?.toJSON()).toEqual({
      type: "cron-parser",
      expression: "0 2 * * *",
      timezone: "Europe/Berlin"
    })
    expect(poll?.id).toBe("poll:65a000000000000000000002")
    expect(poll).not.toHaveProperty("args")
    expect(nextOf(poll?.trigger, "2026-01-01T00:05:00Z")).toBe("2026-01-01T00:10:00.000Z")
    expect(once).toMatchObject({ paused: true, args: { id: 7 } })
    expect(once?.trigger?.toJSON()).toEqual({ type: "date", at: Date.UTC(2026, 2, 1, 8) })
    expect(nextOf(daily?.trigger, "2026-01-01T12:00:00Z")).toBe("2026-01-01T15:30:00.000Z")
  })

  it("tells what is not as it was", () => {
    expect(importFrom("agenda", agenda).lines).toEqual([
      '"digest": priority 10 -> left out: nothing here stands for it',
      '"poll:65a000000000000000000002": repeatInterval "5 minutes" -> every 300000 ms by the clock, where Agenda counts from the last run'
    ])
  })

  it.each([
    ["5 minutes", 300_000],
    ["1 hour and 30 minutes", 5_400_000],
    ["a day", 86_400_000],
    ["two weeks", 1_209_600_000],
    ["1.5 hours", 5_400_000],
    ["one month", 2_592_000_000]
  ])("reads %s", (repeatInterval, everyMs) => {
    const [job] = importFrom("agenda", [{ name: "n", repeatInterval, nextRunAt: "2026-01-01T00:00:00Z" }]).jobs
    expect(job?.trigger?.next(Date.UTC(2026, 0, 1))).toBe(Date.UTC(2026, 0, 1) + everyMs)
  })

  it("takes milliseconds", () => {
    const [job] = importFrom("agenda", [{ name: "n", repeatInterval: 5000, nextRunAt: 0 }]).jobs
    expect(job?.trigger?.next(0)).toBe(5000)
  })
})

describe("importFrom", () => {
  it("takes another name for a task", () => {
    const { jobs } = importFrom("bullmq", [bullmq[1]], { task: (name) => `old-${name}` })
    expect(jobs[0]?.task).toBe("old-poll")
  })

  it.each<[string, "bullmq" | "pg-boss" | "agenda", unknown, string]>([
    ["what is no JSON", "bullmq", "{", "the export"],
    ["what is no list", "bullmq", { jobs: [] }, "the export"],
    ["nothing", "bullmq", undefined, "the export"],
    ["what has no JSON form", "bullmq", 10n, "the export"],
    ["a list of numbers", "agenda", [5], "[0]"],
    ["an entry without a name", "bullmq", [bullmq[1], { every: 5 }], "[1].name"],
    ["neither pattern nor every", "bullmq", [{ name: "a", tz: "UTC" }], "[0].pattern"],
    ["cron text that nobody reads", "pg-boss", [{ name: "a", cron: "soon" }], "[0].cron"],
    ["an interval that is none", "bullmq", [{ name: "a", every: -1 }], "[0].every"],
    ["a limit that is reached", "bullmq", [{ name: "a", every: 5, limit: 2, iterationCount: 2 }], "[0].limit"],
    ["a zone that nobody knows", "pg-boss", [{ name: "a", cron: "* * * * *", timezone: "No/Where" }], "[0].cron"],
    ["a date that is none", "bullmq", [{ name: "a", every: 5, endDate: "soon" }], "[0].endDate"],
    ["options that are a list", "pg-boss", [{ name: "a", cron: "* * * * *", options: [] }], "[0].options"],
    [
      "text where a number is wanted",
      "pg-boss",
      [{ name: "a", cron: "* * * * *", options: { retryLimit: "x" } }],
      "[0].options.retryLimit"
    ],
    ["words that are no length", "agenda", [{ name: "a", repeatInterval: "now and then" }], "[0].repeatInterval"],
    ["a job that is over", "agenda", [{ name: "a" }], "[0].nextRunAt"],
    ["a time of day that is none", "agenda", [{ name: "a", repeatAt: "25:99" }], "[0].repeatAt"],
    ["a time of day in a half that has none", "agenda", [{ name: "a", repeatAt: "13:00pm" }], "[0].repeatAt"],
    ["a flag that is text", "agenda", [{ name: "a", nextRunAt: 5, disabled: "yes" }], "[0].disabled"]
  ])("refuses %s, with its place", (_, source, exported, place) => {
    expect(() => importFrom(source, exported)).toThrow(
      expect.objectContaining({ _tag: "InvalidImportError", source, place })
    )
  })

  it.each<[string, () => unknown]>([
    ["a source that it does not know", () => importFrom("quartz" as never, [])],
    ["options that are none", () => importFrom("bullmq", [], 5 as never)],
    ["an unknown option", () => importFrom("bullmq", [], { tasks: 1 } as never)],
    ["a reader that it does not know", () => importFrom("bullmq", [], { cron: "croner" as never })],
    ["a task that is no function", () => importFrom("bullmq", [], { task: "t" as never })]
  ])("refuses %s", (_, call) => {
    expect(call).toThrow(expect.objectContaining({ _tag: "InvalidOptionError" }))
  })

  it("takes fields that objects have anyway for what they are: not there", () => {
    const exported = '[{"name":"a","every":5,"__proto__":{"limit":1},"constructor":7}]'
    expect(importFrom("bullmq", exported).changes.map(({ field }) => field)).toEqual(["__proto__", "constructor"])
  })
})
