/**
 * One life of the killed scheduler: declares its jobs, resumes what was parked, gives random commands, and writes what its tasks do
 * and what it is told into the outside ledger, a line in one write. It lives until it is killed; in its last life it waits until
 * what earlier ones left has ended, and stops in good order.
 * SIGTERM and SIGINT stop it as the guide says, a second one at once. Arguments: directory, seed, number of this life, "live",
 * "last" or "takeOver". Exit code 0 after a drain, 130 when forced, 1 when it cannot start, 3 when it stopped by itself.
 */
import { openSync, writeSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { createScheduler, interval, task } from "../../../src/index.ts"
import type { JobHandle, RunRecord, TaskContext } from "../../../src/index.ts"
import { sqlite } from "../../../src/sqlite.ts"
import type { CommandLine, Line, TaskLine } from "../../history/history.ts"
import { files, passingIds, pick, plannedJob, randomFrom, standingJobs } from "./killPlan.ts"
import type { MachineKind, PlannedJob } from "./killPlan.ts"
import { stepsMachine } from "./killedSteps.ts"

const [directory = "", seedText = "", lifeText = "", mode = ""] = process.argv.slice(2)
const [seed, life] = [Number(seedText), Number(lifeText)]
const random = randomFrom(seed * 1_000_003 + life)
const { ledger, steps, database } = files(directory)
const output = openSync(ledger, "a")
const stepOutput = openSync(steps, "a")

/** One write of an appending file: a kill comes before it or after it. */
const write = (line: Line): void => void writeSync(output, `${JSON.stringify(line)}\n`)

const note = (kind: TaskLine["kind"], { jobId, runId, fireAt, attempt }: TaskContext): void =>
  write({ kind, jobId, runId, fireAt, attempt, at: Date.now() })

/** An attempt that is told to end no longer counts as one, whatever it still does. */
const begin = (context: TaskContext): void => {
  note("start", context)
  context.signal.addEventListener("abort", () => note("abort", context), { once: true })
}

const quick = task("quick", (context) => {
  begin(context)
  note("finish", context)
  return context.attempt
})

const slow = task("slow", async (context) => {
  begin(context)
  await sleep(10 + (context.fireAt % 120), undefined, { signal: context.signal })
  note("finish", context)
})

const flaky = task("flaky", async (context) => {
  begin(context)
  if (context.fireAt % 3 === 0) await sleep(15)
  note("finish", context)
  // Some fire times fail however often they are tried: only those use up their attempts.
  const never = Math.floor(context.fireAt / 7) % 4 === 0
  if (never || (context.fireAt + context.attempt) % 2 === 0) throw new Error("flaky by plan")
})

const machine = (kind: MachineKind) =>
  task(
    kind,
    (context) => {
      begin(context)
      const write = (line: object): void => void writeSync(stepOutput, `${JSON.stringify(line)}\n`)
      return stepsMachine(kind, context, write, () => note("finish", context))
    },
    { checkpoint: "every-step" }
  )

const scheduler = createScheduler({
  tasks: [quick, slow, flaky, machine("steps"), machine("waits")],
  store: sqlite({ filename: database, durability: "full", takeOver: mode === "takeOver" })
})

scheduler.on(["RunSucceeded", "RunCancelled"], ({ type, jobId, runId, attempt }) => {
  write({
    kind: "outcome",
    jobId,
    runId,
    attempt,
    outcome: type === "RunSucceeded" ? "succeeded" : "cancelled",
    at: Date.now()
  })
})

/** A failure is final when no next attempt is told right after it. */
const failures = new Map<string, Line>()
scheduler.on(["RunFailed", "RunTimedOut"], ({ type, jobId, runId, attempt }) => {
  failures.set(runId, {
    kind: "outcome",
    jobId,
    runId,
    attempt,
    outcome: type === "RunFailed" ? "failed" : "timedOut",
    at: Date.now()
  })
  queueMicrotask(() => {
    const line = failures.get(runId)
    failures.delete(runId)
    if (line !== undefined) write(line)
  })
})
scheduler.on("RunRetryDue", ({ runId }) => void failures.delete(runId))

/** The newest run that was told of. */
let newestRun = 0
scheduler.on("RunClaimed", ({ runId }) => void (newestRun = Math.max(newestRun, Number(runId))))

/** Asked, then answered: a kill in between leaves either. */
const command = async (jobId: string, done: CommandLine["kind"], give: () => Promise<unknown>): Promise<void> => {
  write({ kind: "asked", jobId, at: Date.now() })
  try {
    await give()
    write({ kind: done, jobId, at: Date.now() })
  } catch (error) {
    if (typeof error !== "object" || error === null || !("_tag" in error)) throw error
    write({ kind: "refused", jobId, at: Date.now() })
  }
}

const add = ({ id, task: name, everyMs, rules }: PlannedJob, ifExists: "keep" | "error"): Promise<void> =>
  command(id, "added", () =>
    scheduler.addJob({ id, task: name, trigger: interval(everyMs, { start: Date.now() }), ...rules, ifExists })
  )

/** Three kills in a row park the job that ran: here it was the parent's doing. */
const resumeParked = async (): Promise<void> => {
  for (const { id } of await scheduler.getJobs({ fault: true }))
    await command(id, "resumed", () => scheduler.resumeJob(id))
}

const randomCommand = async (): Promise<void> => {
  const id = pick(random, passingIds)
  const job = await scheduler.getJob(id)
  if (job === undefined) return add(plannedJob(id, random), "error")
  const chance = random()
  if (chance < 0.3) return command(id, "removed", () => scheduler.removeJob(id))
  if (!id.startsWith("p") || chance < 0.5) {
    // A request has no line of its own: what it started is told by the task.
    await scheduler.runJob(id).catch((error: unknown) => {
      if (!(error instanceof Error)) throw error
    })
    return
  }
  return job.state === "paused"
    ? command(id, "resumed", () => scheduler.resumeJob(id))
    : command(id, "paused", () => scheduler.pauseJob(id))
}

// A parent that is gone must not leave this behind.
process.stdin.on("close", () => process.kill(process.pid, "SIGKILL")).resume()
process.stdin.unref()

process.stdout.write("booted\n")
const startedAt = Date.now()
try {
  await scheduler.start()
} catch (error) {
  console.error(error instanceof Error && "_tag" in error ? `${String(error._tag)}: ${error.message}` : error)
  process.exit(1)
}

let signals = 0
const ended = new Promise<number>((resolve) => {
  scheduler.on("SchedulerStopped", ({ reason }) => {
    write({ kind: "stopped", at: Date.now() })
    process.stdout.write(`stopped ${reason ?? ""}\n`)
    resolve(reason !== undefined ? 3 : signals > 1 ? 130 : 0)
  })
})
const onSignal = (): void => {
  signals += 1
  if (signals === 1) process.stdout.write(`stopping ${Date.now()}/${newestRun}\n`)
  void scheduler.shutdown(signals === 1 ? { deadline: "2 seconds" } : { wait: false })
}
process.on("SIGTERM", onSignal).on("SIGINT", onSignal)
process.stdout.write("started\n")
void ended.then((code) => {
  process.exitCode = code
})

const stopped = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SchedulerStoppedError"

try {
  for (const job of standingJobs(seed, life)) await add(job, "keep")
  await resumeParked()
  while (mode !== "last") {
    await randomCommand()
    await sleep(random() * 20)
  }
  await settleAll()
  await scheduler.shutdown({ deadline: "5 seconds" })
} catch (error) {
  if (!stopped(error)) throw error
}

/** Until what earlier lives left has ended, and every job has taken its fire times up to this one. */
async function settleAll(): Promise<void> {
  // While a job is paused, its waiting attempts wait.
  const unsettled = async (): Promise<ReadonlyArray<RunRecord>> => {
    const paused = new Set((await scheduler.getJobs({ state: "paused" })).map(({ id }) => id))
    const runs = await scheduler.getRuns({ limit: 100_000 })
    return runs.filter((run) => run.outcome === null && run.claimedAt < startedAt && !paused.has(run.jobId))
  }
  const behind = async (): Promise<ReadonlyArray<JobHandle>> =>
    (await scheduler.getJobs()).filter(({ nextFireAt }) => nextFireAt !== null && nextFireAt < startedAt)
  for (let turn = 1; (await unsettled()).length > 0 || (await behind()).length > 0; turn++) {
    if (turn % 100 === 0) {
      // In time for whoever asks why this life hangs.
      console.error(
        "unsettled:",
        JSON.stringify(await unsettled()),
        "behind:",
        JSON.stringify((await behind()).map(({ record }) => record))
      )
    }
    await sleep(50)
    await resumeParked()
  }
}
