/** Every option that is a duration takes the same forms: each line compiles, and is read. */
import { Duration, Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Scheduler } from "../../src/effect.ts"
import type { DurationLike } from "../../src/index.ts"
import { createScheduler, inProcess, interval, jitter, RetryLater, task } from "../../src/index.ts"
import { readRules } from "../../src/job/jobOptions.ts"
import { defaultRules } from "../../src/job/rules.ts"
import { takes, virtualClock } from "../../src/testing.ts"

const forms: ReadonlyArray<readonly [string, DurationLike]> = [
  ["short text", "5m"],
  ["words", "5 minutes"],
  ["milliseconds", 300_000],
  ["a Duration", Duration.minutes(5)]
]
const fiveMinutes = 300_000

describe.each(forms)("five minutes as %s", (_, five) => {
  it("are five minutes in every option", async () => {
    const clock = virtualClock(0)
    const retry = { attempts: 2, backoff: five, maxBackoff: five }
    const work = task("work", takes(five))
    const extending = task("extending", async ({ extendTimeout }) => {
      extendTimeout(five)
      await clock.wait(five)
    })
    const scheduler = createScheduler({
      clock,
      tasks: [work, extending],
      executors: { default: inProcess({ stuckAfter: five }) },
      jobDefaults: { misfireGrace: five, timeout: five, retry },
      retention: { runAge: five, jobAge: five },
      commandTimeout: five
    })
    await scheduler.start({ waitForStore: five })
    await scheduler.addJob({ id: "a", task: work, trigger: jitter(interval(five), five), jitter: five })
    expect(readRules("a", { misfireGrace: five, timeout: five, retry }, defaultRules)).toMatchObject({
      misfireGraceMs: fiveMinutes,
      timeoutMs: fiveMinutes,
      retry: { backoffMs: fiveMinutes, maxBackoffMs: fiveMinutes }
    })
    const run = await scheduler.runJob((await scheduler.addJob({ id: "b", task: extending, timeout: "6m" })).id)
    await clock.advance(five)
    expect((await run.settled()).outcome).toBe("succeeded")
    expect(new RetryLater({ after: five }).afterMs).toBe(fiveMinutes)
    await scheduler.shutdown({ wait: false, deadline: five })
  })

  it("are five minutes in the layer's options", async () => {
    const layer = Scheduler.layer({ clock: virtualClock(0), deadline: five, waitForStore: five })
    const program = Effect.flatMap(Scheduler, (scheduler) => scheduler.status)
    expect((await Effect.runPromise(Effect.provide(program, layer))).state).toBe("active")
  })
})
