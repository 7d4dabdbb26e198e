/**
 * One life of a scheduler that sends three numbers to the run of a machine which collects them, on the file given. Arguments: the file, the machine
 * (`waits` for nothing but them and is put away meanwhile, `works` and keeps its slot), the first number, and what is done with the life.
 * `answered`: it stands still in the very turn in which the last of them is answered; `rested`: a while later; `asked`: it says when it has asked,
 * and goes on; `over`: it sends the end instead, waits for it, and stops in good order. Says `answered 3`, `rested`, `asked`, `over [1,2,3]`.
 */
import { writeSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { assign, fromPromise, setup } from "xstate"
import { createScheduler, date, task } from "../../../src/index.ts"
import { sqlite } from "../../../src/sqlite.ts"

const [filename = "", kind = "waits", firstText = "1", manner = "answered"] = process.argv.slice(2)
const first = Number(firstText)
const say = (text: string): void => void writeSync(1, `${text}\n`)
/** Nothing more happens here until it is killed. */
const standStill = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)

const collecting = setup({
  types: {
    context: {} as { readonly got: ReadonlyArray<number> },
    events: {} as { type: "add"; number: number } | { type: "finish" }
  },
  actors: { work: fromPromise(() => new Promise<void>(() => undefined)) },
  actions: {
    collect: assign({
      got: ({ context, event }) => (event.type === "add" ? [...context.got, event.number] : context.got)
    })
  }
})
const on = { add: { actions: "collect" }, finish: "over" } as const
const machine = (works: boolean) =>
  collecting.createMachine({
    context: { got: [] },
    initial: "collecting",
    states: {
      collecting: works ? { invoke: { src: "work" }, on } : { on },
      over: { type: "final" }
    },
    output: ({ context }) => context.got
  })

const scheduler = createScheduler({
  tasks: [task("waits", machine(false)), task("works", machine(true))],
  store: sqlite({ filename, durability: "full" })
})
await scheduler.start()
const job = await scheduler.addJob({
  id: kind,
  task: kind,
  trigger: date("2100-01-01T00:00:00Z"),
  ifExists: "keep"
})
const [live] = await scheduler.getRuns({ jobId: kind, live: true })
const { runId } = live ?? (await job.run())

if (manner === "over") {
  const over = new Promise<void>((resolve) => void scheduler.on("RunSucceeded", () => resolve()))
  await scheduler.sendToRun(runId, { type: "finish" })
  await over
  const [run] = await scheduler.getRuns({ jobId: kind })
  const { violations } = await scheduler.verify()
  say(`verified ${JSON.stringify(violations)}`)
  say(`over ${JSON.stringify(run?.result)}`)
  await scheduler.shutdown()
} else {
  const sent = [first, first + 1, first + 2].map(async (number) => {
    await scheduler.sendToRun(runId, { type: "add", number })
    say(`answered ${number}`)
    if (number === first + 2 && manner === "answered") standStill()
  })
  if (manner === "asked") say("asked")
  await Promise.all(sent)
  await sleep(30)
  say("rested")
  standStill()
}
