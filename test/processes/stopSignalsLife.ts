/**
 * One life of a scheduler with a job whose run does not end, on the file given. What the second argument says of signals: `none`
 * handles none, `reraises` sends itself the first one again as nodemon has its programs do, `leaves` tidies up for a moment and exits,
 * `stops` shuts down, `exits` leaves at once, `waits` does something else and stays, `polite` sends again what nobody
 * else handles, `blocks` handles none and has its task block the event loop for a while, `task` has the task itself end the process.
 * Says `working` when the job runs, or `parked poison`.
 */
import { createScheduler, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"

const [filename = "", manner = "none"] = process.argv.slice(2)
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const polite = (signal: NodeJS.Signals): void => {
  if (process.listenerCount(signal) !== 1) return
  process.off(signal, polite)
  process.kill(process.pid, signal)
}
if (manner === "polite") for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, polite)

const work = task("work", () => {
  say("working")
  if (manner === "task") process.exit(3)
  if (manner === "blocks") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  return new Promise<void>(() => undefined)
})
const scheduler = createScheduler({ tasks: [work], store: sqlite({ filename }), onError: () => undefined })
if (manner === "reraises") {
  for (const signal of ["SIGHUP", "SIGUSR2", "SIGQUIT"] as const)
    process.once(signal, () => process.kill(process.pid, signal))
}
if (manner === "leaves") {
  for (const signal of ["SIGHUP", "SIGUSR2", "SIGQUIT"] as const)
    process.on(signal, () => setTimeout(() => process.exit(0), 20))
}
if (manner === "stops") process.on("SIGTERM", () => void scheduler.shutdown())
if (manner === "exits") process.on("SIGINT", () => process.exit(0))
if (manner === "waits") {
  process.on("SIGTERM", () => say("heard"))
  process.on("SIGUSR2", () => say("heard"))
}
await scheduler.start()
const job = await scheduler.addJob({ id: "work", task: work, ifExists: "keep" })
if (job.fault !== null) {
  say(`parked ${job.fault.kind}`)
  await scheduler.shutdown()
}
