/** A program that has Effect 4 for its own purposes: as `installs.proof.test.ts` compiles and runs it, next to `program.ts`. */
import { createScheduler, cron, fireTimes, task } from "carillon"
import { Scheduler } from "carillon/effect"
import { jobMachine } from "carillon/machines"
import { sqlite } from "carillon/sqlite"
import { simulate } from "carillon/testing"
import { Effect } from "effect"

/** What Effect 4 says of something that is no effect of its own. */
const refused = async (given: unknown): Promise<string> => {
  try {
    return `accepted: ${String(await Effect.runPromise(given as Effect.Effect<unknown>))}`
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

const scheduler = createScheduler({
  tasks: [
    task("own", ({ args }) => Effect.runPromise(Effect.succeed(args))),
    task("not run", () => Effect.succeed("nobody runs it"))
  ],
  store: sqlite({ filename: "jobs.db" }),
  onError: () => undefined
})
await scheduler.start()
const settled = async (name: string) => {
  const job = await scheduler.addJob({ id: name, task: name, args: { own: 4 }, trigger: cron("0 9 * * *") })
  return (await job.run()).settled()
}
const [own, notRun] = [await settled("own"), await settled("not run")]
const { ok } = await scheduler.verify()
await scheduler.shutdown()

const provide = Effect.provide as unknown as (effect: unknown, layer: unknown) => unknown
const { runs } = await simulate({
  from: "2026-01-01",
  to: "2026-01-08",
  tasks: "none",
  jobs: [{ id: "daily", task: "report", trigger: cron("0 9 * * *") }]
})
const answers = {
  own: [own.outcome, own.result, ok],
  notRun: notRun.error?.name,
  machines: jobMachine.id,
  testing: runs.length,
  next: [...fireTimes(cron("0 9 * * *"), { after: "2026-01-01", timezone: "UTC", limit: 1 })],
  layer: await refused(provide(Effect.succeed(1), Scheduler.layer({}))),
  launch: await refused(Scheduler.launch({})),
  tag: await refused(Scheduler),
  generator: await refused(
    Effect.gen(function* () {
      return yield* Scheduler as unknown as Effect.Effect<unknown>
    })
  )
}
console.log(JSON.stringify(answers))
