/** The program: crontab in, scheduler started and brought in line with it, watched until it is told to stop. Gives the exit code. */
import { readFileSync } from "node:fs"
import { relative } from "node:path"
import type { CrontabEntry, Scheduler } from "carillon"
import { createScheduler, inProcess, readCrontab } from "carillon"
import { sqlite } from "carillon/sqlite"
import { commandProcesses } from "./commandProcess.ts"
import type { CrontabJob } from "./crontabJobs.ts"
import { crontabJobs } from "./crontabJobs.ts"
import { liveScreen } from "./liveScreen.ts"
import type { CrontabOptions } from "./options.ts"
import { plainView } from "./plainView.ts"
import { resumeAndAccount } from "./resumeAndAccount.ts"
import { shellTask } from "./shellTask.ts"
import { stopping } from "./stopping.ts"
import { syncJobs } from "./syncJobs.ts"
import type { View } from "./view.ts"
import { watch } from "./watch.ts"
import { counted } from "./wording.ts"

/** How long a command may take to follow SIGTERM, and how long a drain waits for commands to end by themselves. */
const killGraceMs = 5_000
const drainMs = 60_000

/** @reboot fires this long after the start: a job that is stored already takes only a fire time to come. */
const rebootDelayMs = 1000

/** 0: ended as asked. 1: something is wrong with the crontab, the database or the scheduler. 130: forced to end. */
export const runCrontab = async (options: CrontabOptions): Promise<number> => {
  const startedAt = Date.now()
  const nearby = relative(process.cwd(), options.crontab)
  const file = nearby === "" || nearby.startsWith("..") ? options.crontab : nearby
  const timezone = options.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  let jobs: ReadonlyArray<CrontabJob>
  try {
    jobs = readJobs(options, file, startedAt + rebootDelayMs)
  } catch (error) {
    return complain(error)
  }
  const processes = commandProcesses({ killGraceMs })
  // Whatever ends this process, its commands do not go on unseen.
  process.on("exit", processes.killAll)
  let scheduler: Scheduler
  try {
    scheduler = createScheduler({
      tasks: [shellTask(processes)],
      store: sqlite({ filename: options.db }),
      // A stopping command keeps its place until it is killed.
      executors: { default: inProcess({ stuckAfter: killGraceMs + 1000 }) },
      timezone,
      ...(options.graceMs === undefined ? {} : { jobDefaults: { misfireGrace: options.graceMs } })
    })
    await scheduler.start({ paused: true })
  } catch (error) {
    process.off("exit", processes.killAll)
    return complain(error)
  }
  const stop = stopping(options.forMs)
  const view = viewFor(options, `Carillon · ${file} · ${options.db}`, timezone)
  const watching = watch(
    scheduler,
    view,
    timezone,
    jobs.map(({ id }) => id)
  )
  try {
    view.note(await syncJobs(scheduler, jobs))
    await watching.refresh()
    view.phase("Ctrl-C stops: it waits for what runs, and what comes due meanwhile is accounted for at the next start")
    const account = await resumeAndAccount(scheduler, startedAt, timezone, stop.asked)
    if (account !== null) view.note(account)
    return await drained(scheduler, view, stop, processes, watching.stopped)
  } catch (error) {
    view.close()
    await scheduler.shutdown({ wait: false }).catch(() => {})
    return complain(error)
  } finally {
    process.off("exit", processes.killAll)
    watching.end()
    stop.release()
    view.close()
  }
}

const readJobs = (options: CrontabOptions, file: string, rebootAt: number): ReadonlyArray<CrontabJob> => {
  const text = readFileSync(options.crontab, "utf8")
  const { system, timezone } = options
  const entries: ReadonlyArray<CrontabEntry> = readCrontab(text, { system, timezone, file })
  return crontabJobs(text, entries, rebootAt)
}

const viewFor = ({ plain }: CrontabOptions, title: string, timezone: string): View => {
  const { stdout, env } = process
  if (plain || !stdout.isTTY || env["TERM"] === "dumb") {
    const view = plainView({ print: (line) => console.log(line), now: Date.now, timezone })
    view.note(title)
    return view
  }
  return liveScreen({ terminal: stdout, title, timezone, colour: (env["NO_COLOR"] ?? "") === "" })
}

/** Waits for the end, and for the commands. */
const drained = async (
  scheduler: Scheduler,
  view: View,
  stop: ReturnType<typeof stopping>,
  processes: ReturnType<typeof commandProcesses>,
  stopped: Promise<string>
): Promise<number> => {
  const why = await Promise.race([stop.asked.then(() => null), stopped])
  if (why !== null) {
    view.close()
    console.error(`the scheduler has stopped: ${why}`)
    processes.killAll()
    return 1
  }
  const forcing = { times: 0 }
  stop.onForce(() => {
    forcing.times += 1
    if (forcing.times > 1) return processes.killAll()
    view.phase("Stopping what runs; Ctrl-C once more kills it")
    void scheduler.shutdown({ wait: false })
  })
  const { running } = processes
  view.phase(
    running === 0
      ? "Stopping"
      : `Draining: waiting for ${counted(running, "command")} to end; Ctrl-C again stops ${running === 1 ? "it" : "them"}`
  )
  await scheduler.shutdown({ deadline: drainMs })
  await processes.ended()
  view.close()
  const forced = forcing.times > 0
  console.log(
    forced
      ? "Stopped before every command had ended; those that were cut off run again at the next start."
      : "Drained: everything that had started has ended, and all of it is in the database."
  )
  return forced ? 130 : 0
}

const complain = (error: unknown): number => {
  console.error(error instanceof Error ? error.message : String(error))
  return 1
}
