/**
 * What becomes of an order that waits for its payment and then three days for its parcel, when the process is killed in between? The payment is
 * taken once, and the customer is reminded on the third day. Prints who does what, and when.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createScheduler, date, task } from "carillon"
import type { TaskContext } from "carillon"
import { sqlite } from "carillon/sqlite"
import { virtualClock } from "carillon/testing"
import { assign, fromPromise, setup } from "xstate"

// Started without arguments it is the parent; the child gets the file's name, and is killed.
const [, program = "", given] = process.argv
const filename = given ?? join(mkdtempSync(join(tmpdir(), "carillon-")), "jobs.db")
if (given === undefined) await watchTheChildDie()

// Three days in a blink: the child lives on the 1st of January, the parent from the 2nd.
const clock = virtualClock(Date.UTC(2026, 0, given === undefined ? 2 : 1))
const say = (what: string): void =>
  console.log(
    `${new Date(clock.now()).toISOString().slice(0, 10)}, ${given === undefined ? "after" : "before"}: ${what}`
  )

interface Paid {
  readonly type: "paid"
  readonly euros: number
}

const order = setup({
  types: {
    input: {} as TaskContext<{ readonly item: string }>,
    context: {} as { readonly item: string; readonly euros: number; readonly receipt: string | null },
    events: {} as Paid
  },
  actors: {
    book: fromPromise(async ({ input: euros }: { input: number }) => {
      say(`${euros} euros are booked`)
      return "receipt 7"
    }),
    remind: fromPromise(async ({ input: item }: { input: string }) => say(`reminded of the ${item}`))
  },
  delays: { threeDays: 3 * 86_400_000 }
}).createMachine({
  // From its input it keeps what is JSON: that is saved with each step.
  context: ({ input }) => ({ item: input.args.item, euros: 0, receipt: null }),
  initial: "ordered",
  states: {
    // Nothing to do but to wait: the run holds no slot, and no process has to live for it.
    ordered: { on: { paid: { target: "booking", actions: assign({ euros: ({ event }) => event.euros }) } } },
    booking: {
      invoke: {
        src: "book",
        input: ({ context }) => context.euros,
        onDone: { target: "onItsWay", actions: assign({ receipt: ({ event }) => event.output }) }
      }
    },
    onItsWay: { after: { threeDays: "reminding" } },
    reminding: { invoke: { src: "remind", input: ({ context }) => context.item, onDone: "reminded" } },
    reminded: { type: "final" }
  },
  output: ({ context }) => context.receipt
})

const scheduler = createScheduler({ clock, tasks: [task("order", order)], store: sqlite({ filename }) })
await scheduler.start()
await scheduler.addJob({
  id: "order 7",
  task: "order",
  args: { item: "lamp" },
  trigger: date("2026-01-01T00:00:01Z"),
  ifExists: "keep"
})

if (given === undefined) {
  await clock.advance("3 days")
  const [run] = await scheduler.getRuns({ jobId: "order 7" })
  console.log(`${run?.outcome} by attempt ${run?.attempt}:`, run?.result)
  await scheduler.shutdown()
  rmSync(dirname(filename), { recursive: true })
} else {
  await clock.advance("1 hour")
  const [run] = await scheduler.getRuns({ jobId: "order 7", live: true })
  if (run === undefined) throw new Error("order 7 has no run")
  say("the lamp is ordered, and waits for its payment")
  // As a web shop's page does that hears of the payment: it is on disk before this resolves.
  await scheduler.sendToRun(run.runId, { type: "paid", euros: 49 })
  await clock.advance("1 hour")
  process.send?.("waits")
  // Until it is killed.
  await new Promise((resolve) => process.once("disconnect", resolve))
}

async function watchTheChildDie() {
  const child = fork(program, [filename])
  await once(child, "message")
  child.kill("SIGKILL")
  await once(child, "exit")
  console.log("killed while it waits")
}
