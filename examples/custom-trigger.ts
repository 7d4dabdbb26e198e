/** How do I write a trigger of my own, with state that is stored? Runs a job before a full moon, in virtual time, and lists the next. */
import { createScheduler, defineTrigger, fireTimes, task } from "carillon"
import { virtualClock } from "carillon/testing"

/** The moons, counted from one that is known; a mean month long. */
const moonAt = (count: number) => Math.round(Date.parse("2000-01-21T04:40:00Z") + count * monthMs)
const monthMs = 29.530588853 * 86_400_000

const fullMoon = defineTrigger<{ readonly hoursBefore: number }>({
  type: "full-moon",
  // Pure: the answer follows from `after` and the state alone, and is strictly later. A trigger that is not, parks its job.
  next: (after, { hoursBefore }) => {
    const aheadMs = hoursBefore * 3_600_000
    let count = Math.floor((after + aheadMs - moonAt(0)) / monthMs)
    while (moonAt(count) - aheadMs <= after) count += 1
    return moonAt(count) - aheadMs
  },
  readState: (state) => {
    const hoursBefore: unknown =
      typeof state === "object" && state !== null && "hoursBefore" in state ? state["hoursBefore"] : undefined
    if (typeof hoursBefore !== "number") throw new Error("{ hoursBefore: number }")
    return { hoursBefore }
  }
})

const clock = virtualClock(Date.parse("2026-03-01T00:00:00Z"))
const howl = task("howl", ({ fireAt }) =>
  console.log(`two hours to a full moon: ${new Date(fireAt).toISOString().slice(0, 13)} UTC`)
)

// Registered by its type, so that a stored job finds its code again.
const scheduler = createScheduler({ tasks: [howl], triggers: [fullMoon], clock })
await scheduler.start()
await scheduler.addJob({ id: "moon", task: howl, trigger: fullMoon({ hoursBefore: 2 }) })
await clock.advance("3 days")
await scheduler.shutdown()

for (const fireAt of fireTimes(fullMoon({ hoursBefore: 0 }), { after: clock.now(), limit: 2 })) {
  console.log(`full moon: ${new Date(fireAt).toISOString().slice(0, 13)} UTC`)
}
