/** Between two steps nothing moves: whatever was due must have been served, told and started by then. */
import type { Execution } from "./executions.ts"
import { checkCorrected } from "./modelClock.ts"
import { isSuspected } from "./modelCrashes.ts"
import { minute, second } from "./plan.ts"
import { stuckAfterMs } from "./world.ts"
import type { World } from "./world.ts"

/** The longest wait of a scheduler for a store that failed, and the wait for a wall clock that was set. */
const retryMs = 11 * second
const lookMs = minute + second

export const checkRest = (world: World): void => {
  const { scheduler, phase, model, executions, clock } = world
  if (scheduler === null || phase !== "up" || world.inFlight > 0 || !world.alive) return
  const state = scheduler.actor.getSnapshot().value
  const inOutage = world.outage !== null && world.ms < world.outage.untilMs
  if (state === "degraded" && !inOutage && world.ms - world.lastFaultMs > 2 * retryMs)
    world.report(
      "degraded",
      `the store answers since ${world.ms - world.lastFaultMs} ms, the scheduler is still degraded`
    )
  if (inOutage || (state !== "active" && state !== "paused")) return
  world.audit.settled()
  world.model.values.settled(world.model.jobs.values())
  checkExecuting(world)
  model.steps.rest(executions.running, { ms: world.ms, wall: clock.now() })
  if (state !== "active" || world.ms - world.lastStepMs < lookMs) return
  const lingering = [...executions.lingering].filter(({ abortedMs }) => world.ms - abortedMs <= stuckAfterMs).length
  const full = executions.running.size + lingering >= world.plan.concurrency
  const now = clock.now()
  const jobs = [...model.jobs.values()]
  const onTrial = jobs.filter((job) => model.crashes.isOnTrial(job, model.runs))
  if (onTrial.length === 0) model.values.rest(model.jobs, (invariant, message) => world.report(invariant, message))
  checkCorrected(jobs, now, (invariant, message) => world.report(invariant, message))
  for (const job of jobs) {
    const { row } = job
    if (isSuspected(job) && onTrial.some((other) => other !== job)) continue
    if (row.wakeAt !== null && row.wakeAt <= now && !full)
      world.report("notServed", `job "${row.id}" was due at ${row.wakeAt}, it is ${now}`)
  }
}

const isOver = ({ ended, aborted, waitsUntil, died }: Execution): boolean =>
  ended !== null || aborted !== null || waitsUntil !== null || died !== null

const checkExecuting = (world: World): void => {
  const { model, executions } = world
  const lingering = executions.lingering.size
  for (const { row, memory } of model.jobs.values()) {
    for (const { runKey, attempt, retryAt } of memory.live) {
      if (retryAt !== null) continue
      const what = `attempt ${attempt} of run ${runKey} of job "${row.id}"`
      const execution = executions.find(runKey, attempt)
      if (execution === undefined) {
        if (executions.running.size + lingering < world.plan.concurrency)
          world.report("notStarted", `${what} is claimed, and not started`)
      } else if (isOver(execution))
        world.report(
          "notSettled",
          `${what} has ended ${world.ms - (execution.ended?.ms ?? execution.abortedMs)} ms ago, and is live on disk`
        )
      else {
        const longest = Math.max(...execution.timeouts.map((timeout) => timeout ?? Infinity))
        if (world.ms - execution.startedMs > longest)
          world.report(
            "timeout",
            `${what} goes on since ${world.ms - execution.startedMs} ms, its timeout is ${longest}`
          )
        if (executions.mustAbort.has(runKey)) world.report("overlap", `${what} goes on, and is to give way`)
      }
    }
  }
}
