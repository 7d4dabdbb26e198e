/** Zone data that changes between two lives of a store: each life has its own modules, and `Intl` gives other answers in it. */
import { afterEach, describe, expect, it, vi } from "vitest"
import type * as carillonModule from "../../src/index.ts"
import type { JobInput, JobStore, Scheduler, SchedulerEvent, Trigger } from "../../src/index.ts"
import { day, minute, storeKinds, temporaryFile } from "./world.ts"
import type { StoreKind } from "./world.ts"

const vancouver = "America/Vancouver"
const Real = Intl.DateTimeFormat
/** When Vancouver's clocks went back by the older data: the newer leaves them at UTC-7 for good. */
const changeAt = Date.UTC(2026, 10, 1, 9)

type Rules = "winterTime" | "noWinterTime"

afterEach(() => {
  Intl.DateTimeFormat = Real
  vi.resetModules()
})

/** `Intl` with one edition of the rules. */
const withRules = (rules: Rules): void => {
  if (rules === "winterTime") {
    Intl.DateTimeFormat = Real
    return
  }
  const patched = function (locale?: string, options?: Intl.DateTimeFormatOptions) {
    const real = new Real(locale, options)
    if (options?.timeZone !== vancouver) return real
    const later = new Real(locale, { ...options, timeZone: "Etc/GMT+7" })
    return {
      format: (at: number) => (at >= changeAt ? later : real).format(at),
      resolvedOptions: () => real.resolvedOptions()
    }
  }
  Intl.DateTimeFormat = Object.assign(patched, Real)
}

type Carillon = typeof carillonModule

interface Life {
  readonly carillon: Carillon
  readonly scheduler: Scheduler
  readonly events: ReadonlyArray<SchedulerEvent>
  readonly reported: ReadonlyArray<unknown>
  readonly ran: ReadonlyArray<number>
  advanceTo(at: number): Promise<void>
  end(): Promise<void>
}

const newHome = (kind: StoreKind) => {
  const filename = temporaryFile()
  let kept: JobStore | null = null
  /** A process with its own edition of the rules. */
  const live = async (rules: Rules, startAt: number, timezone = "UTC"): Promise<Life> => {
    vi.resetModules()
    withRules(rules)
    const carillon = await import("../../src/index.ts")
    const { virtualClock } = await import("../../src/testing.ts")
    const { sqlite } = await import("../../src/sqlite.ts")
    if (kind === "memory") kept ??= carillon.memory()
    const clock = virtualClock(startAt)
    const events: Array<SchedulerEvent> = []
    const reported: Array<unknown> = []
    const ran: Array<number> = []
    const scheduler = carillon.createScheduler({
      tasks: [carillon.task("quiet", ({ fireAt }) => void ran.push(fireAt))],
      store: kept ?? sqlite({ filename, durability: "normal" }),
      clock,
      timezone,
      onError: (error) => reported.push(error)
    })
    scheduler.events$.subscribe((event) => events.push(event))
    await scheduler.start()
    return {
      ...{ carillon, scheduler, events, reported, ran },
      advanceTo: (at) => clock.advance(at - clock.now()),
      end: async () => {
        const ended = scheduler.shutdown({ wait: false })
        await clock.settle()
        await ended
      }
    }
  }
  return { live }
}

const june = Date.UTC(2026, 5, 1)
const utc = (text: string): number => Date.parse(`2026-${text}:00Z`)
const moves = ({ events }: Life) =>
  events.flatMap((event) =>
    event.type === "FireTimeMoved" ? [[event.jobId, event.from, event.to, event.reason] as const] : []
  )
const sound = async ({ scheduler }: Life): Promise<void> => expect((await scheduler.verify()).violations).toEqual([])

describe.each(storeKinds)("new zone data (%s)", (kind) => {
  it("moves a fire time that is far ahead, tells of it, and it fires at the right wall time", async () => {
    const home = newHome(kind)
    const old = await home.live("winterTime", june)
    const yearly = (life: Life): Trigger => life.carillon.cron("0 9 1 12 *", { timezone: vancouver })
    const job = (life: Life): JobInput => ({ id: "yearly", task: "quiet", trigger: yearly(life), ifExists: "replace" })
    await old.scheduler.addJob(job(old))
    await old.scheduler.addJob({
      id: "other",
      task: "quiet",
      trigger: old.carillon.cron("0 9 1 12 *", { timezone: "Europe/Oslo" })
    })
    await old.end()

    const july = await home.live("noWinterTime", utc("07-01T00:00"))
    const [from, to] = [utc("12-01T17:00"), utc("12-01T16:00")]
    expect(moves(july)).toEqual([["yearly", from, to, "zoneData"]])
    expect(july.reported).toMatchObject([
      { _tag: "ZoneDataChangedError", timezones: [vancouver], moved: 1, jobs: [{ jobId: "yearly", from, to }] }
    ])
    expect((await july.scheduler.preview(1, "yearly"))[0]?.fireAt).toBe(to)
    await july.scheduler.addJob(job(july))
    expect((await july.scheduler.getJob("yearly"))?.nextFireAt).toBe(to)
    await july.end()

    const december = await home.live("noWinterTime", utc("12-01T07:00"))
    expect([moves(december), december.reported]).toEqual([[], []])
    await december.advanceTo(utc("12-01T18:00"))
    expect(december.ran.filter((at) => at !== utc("12-01T08:00"))).toEqual([to])
    await sound(december)
    await december.end()
  })

  it.each(["11-01T16:30", "11-01T17:30", "11-01T20:00", "11-02T10:00"])(
    "a daily job whose instant moves later fires once a day, none early: new data at %s",
    async (at) => {
      const home = newHome(kind)
      const before = await home.live("noWinterTime", utc("10-31T00:00"))
      await before.scheduler.addJob({
        id: "daily",
        task: "quiet",
        trigger: before.carillon.cron("0 9 * * *", { timezone: vancouver })
      })
      await before.advanceTo(utc("11-01T16:10"))
      expect(before.ran.at(-1)).toBe(utc("11-01T16:00"))
      await before.end()
      const after = await home.live("winterTime", utc(at))
      await after.advanceTo(utc("11-04T00:00"))
      expect(after.ran).toEqual([utc("11-02T17:00"), utc("11-03T17:00")])
      expect(moves(after)).toEqual([["daily", utc("11-02T16:00"), utc("11-02T17:00"), "zoneData"]])
      await sound(after)
      await after.end()
      expect(before.ran.filter((each) => each >= utc("11-01T00:00"))).toEqual([utc("11-01T16:00")])
    }
  )

  it("a daily job whose instant moves earlier fires at once when that has passed, and not again", async () => {
    const home = newHome(kind)
    const before = await home.live("winterTime", utc("10-31T00:00"))
    await before.scheduler.addJob({
      id: "daily",
      task: "quiet",
      trigger: before.carillon.cron("0 9 * * *", { timezone: vancouver })
    })
    await before.advanceTo(utc("11-01T18:00"))
    await before.end()
    const after = await home.live("noWinterTime", utc("11-02T16:30"))
    await after.advanceTo(utc("11-04T00:00"))
    expect(after.ran).toEqual([utc("11-02T16:00"), utc("11-03T16:00")])
    await sound(after)
    await after.end()
  })

  it("a wildcard goes on with elapsed time, and what is not bound to the wall is not touched", async () => {
    const home = newHome(kind)
    const before = await home.live("noWinterTime", utc("11-01T00:00"))
    const { cron, interval } = before.carillon
    const timezone = vancouver
    await before.scheduler.addJob({ id: "halfHours", task: "quiet", trigger: cron("*/30 * * * *", { timezone }) })
    await before.scheduler.addJob({ id: "interval", task: "quiet", trigger: interval("7 hours") })
    await before.advanceTo(utc("11-01T16:10"))
    await before.end()
    const after = await home.live("winterTime", utc("11-01T16:15"))
    expect(moves(after)).toEqual([])
    await after.advanceTo(utc("11-01T18:10"))
    expect(after.ran).toEqual(["16:30", "17:00", "17:30", "18:00"].map((time) => utc(`11-01T${time}`)))
    await sound(after)
    await after.end()
  })

  it("moves whatever is computed in the zone: nested triggers, dates, the scheduler's own zone, paused jobs", async () => {
    const home = newHome(kind)
    const triggers = ({ carillon }: Life): ReadonlyArray<Trigger> => {
      const { and, calendarInterval, cron, date, jitter, limit, or, window } = carillon
      const nine = cron("0 9 1 12 *", { timezone: vancouver })
      return [
        cron("0 9 1 12 *"),
        cron({ month: 12, day: 1, hour: 9 }, { timezone: vancouver }),
        or([nine, cron("0 0 1 1 *", { timezone: "UTC" })]),
        and([nine, cron("0 9 * * *", { timezone: vancouver })]),
        window(nine, { start: june }),
        jitter(nine, "5 minutes"),
        limit(nine, 3),
        calendarInterval({ months: 6 }, { start: "2026-06-01T09:00", timezone: vancouver }),
        date("2026-12-01T09:00", { timezone: vancouver }),
        date("2026-12-01T09:00")
      ]
    }
    const before = await home.live("winterTime", june + day, vancouver)
    for (const [index, trigger] of triggers(before).entries())
      await before.scheduler.addJob({ id: String(index), task: "quiet", trigger, paused: index === 1 })
    const was = new Map((await before.scheduler.getJobs()).map(({ id, record }) => [id, record.nextFireAt]))
    await before.end()
    const after = await home.live("noWinterTime", utc("07-01T00:00"), vancouver)
    const jobs = await after.scheduler.getJobs()
    // Jitter is drawn anew for another instant.
    const tens = (at: number | null | undefined): number => Math.floor((at ?? 0) / (10 * minute))
    for (const { id, record } of jobs) {
      if (id !== "1") expect([id, tens(record.nextFireAt)]).toEqual([id, tens(was.get(id)) - 6])
    }
    expect(moves(after)).toHaveLength(jobs.length - 1)
    await after.scheduler.resumeJob("1")
    expect((await after.scheduler.getJob("1"))?.nextFireAt).toBe(utc("12-01T16:00"))
    await sound(after)
    await after.end()
  })
})

it("the same zone data says nothing, and costs no look at the jobs", async () => {
  const home = newHome("memory")
  const first = await home.live("winterTime", june)
  await first.scheduler.addJob({
    id: "daily",
    task: "quiet",
    trigger: first.carillon.cron("0 9 * * *", { timezone: vancouver })
  })
  await first.advanceTo(june + 3 * day)
  await first.end()
  const second = await home.live("winterTime", june + 400 * day + minute)
  expect([moves(second), second.reported]).toEqual([[], []])
  await sound(second)
  await second.end()
})

it("a job that names no zone keeps the one it was added in, until it is added again", async () => {
  const home = newHome("memory")
  const nine = (life: Life): JobInput => ({
    id: "nine",
    task: "quiet",
    trigger: life.carillon.cron("0 9 * * *"),
    ifExists: "replace"
  })
  const first = await home.live("winterTime", june)
  await first.scheduler.addJob(nine(first))
  await first.end()
  const second = await home.live("winterTime", june + minute, "Europe/Oslo")
  expect((await second.scheduler.getJob("nine"))?.nextFireAt).toBe(utc("06-01T09:00"))
  const { nextFireAt } = await second.scheduler.addJob(nine(second))
  expect(nextFireAt).toBe(utc("06-01T07:00"))
  await second.end()
})
