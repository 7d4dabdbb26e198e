/** What happens when a task fails, and when it hangs? Prints how each attempt ended and when the next one began, in virtual time. */
import { createScheduler, task } from "carillon"
import { virtualClock } from "carillon/testing"

class Busy extends Error {
  override readonly name = "Busy"
}

// The first attempt fails, the second hangs until its signal aborts it, the third succeeds.
const prices = task("prices", async ({ attempt, signal }) => {
  if (attempt === 1) throw new Busy("try later")
  if (attempt === 2) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  return "42 prices"
})
const typo = task("typo", () => {
  throw new TypeError("no such field")
})

const startAt = Date.parse("2026-01-05T09:00:00Z")
const clock = virtualClock(startAt)
const scheduler = createScheduler({ tasks: [prices, typo], clock })
scheduler.events$.subscribe((event) => {
  if (!("attempt" in event) || event.type === "RunClaimed") return // Only attempts' news.
  const what = `${(event.at - startAt) / 1000} s: ${event.jobId} ${event.attempt} ${event.type}`
  if (event.type === "RunSucceeded") console.log(what, event.result)
  else if (event.type === "RunFailed") console.log(what, event.error?.name)
  else if (event.type === "RunRetryDue") console.log(what, `in ${((event.retryAt ?? event.at) - event.at) / 1000} s`)
  else console.log(what)
})

await scheduler.start()
await scheduler.addJob({
  id: "prices",
  task: prices,
  timeout: "30 seconds",
  retry: { attempts: 5, backoff: "10 seconds", factor: 2 }
})
await scheduler.addJob({ id: "typo", task: typo, retry: { attempts: 5, when: ["Busy", "RunTimedOut"] } })

await clock.advance("5 minutes")
await scheduler.shutdown()
