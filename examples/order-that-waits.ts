/**
 * What becomes of an order that waits three days for its parcel when the process is killed in between? It is paid once, and the customer is
 * reminded on the third day. Prints who does what, and when.
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

const order = setup({
  types: {
    input: {} as TaskContext<{ readonly euros: number }>,
    context: {} as { readonly euros: number; readonly receipt: string | null }
  },
  actors: {
    pay: fromPromise(async ({ input: euros }: { input: number }) => {
      say(`${euros} euros are paid`)
      return "receipt 7"
    }),
    remind: fromPromise(async ({ input: receipt }: { input: string | null }) => say(`reminded, with ${receipt}`))
  },
  delays: { threeDays: 3 * 86_400_000 }
}).createMachine({
  // From its input it keeps what is JSON: that is saved with each step.
  context: ({ input }) => ({ euros: input.args.euros, receipt: null }),
  initial: "paying",
  states: {
    paying: {
      invoke: {
        src: "pay",
        input: ({ context }) => context.euros,
        onDone: { target: "waiting", actions: assign({ receipt: ({ event }) => event.output }) }
      }
    },
    waiting: { after: { threeDays: "reminding" } },
    reminding: { invoke: { src: "remind", input: ({ context }) => context.receipt, onDone: "reminded" } },
    reminded: { type: "final" }
  },
  output: ({ context }) => context.receipt
})

const scheduler = createScheduler({ clock, tasks: [task("order", order)], store: sqlite({ filename }) })
await scheduler.start()
await scheduler.addJob({
  id: "order 7",
  task: "order",
  args: { euros: 49 },
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
