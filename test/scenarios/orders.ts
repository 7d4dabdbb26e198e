/** Orders that are machines, for scenarios: what they do is told, and what is kept of them is read. */
import { Effect } from "effect"
import { assign, fromPromise, setup } from "xstate"
import { date } from "../../src/index.ts"
import type { JobOptions, Json, TaskContext } from "../../src/index.ts"
import { day, midnight, second } from "./world.ts"
import type { World } from "./world.ts"

export const once = date(midnight + second)

/** What tasks do, of the newest life only: a process that crashed here goes on in the test, and nobody hears of it. */
export class Lives {
  readonly done: Array<string> = []
  private life = 0

  /** Ends the one before. */
  next(): (what: string) => void {
    const life = ++this.life
    return (what) => {
      if (life === this.life) this.done.push(what)
    }
  }
}

/** Pays, waits three days for the parcel, and reminds. What it does for others it tells. */
export const orderMachine = (tell: (what: string) => void, waits = "waiting") =>
  setup({
    types: { input: {} as TaskContext<Json>, context: {} as { readonly paid: number } },
    actors: {
      pay: fromPromise(async () => {
        tell("pay")
        await Promise.resolve()
        return 7
      }),
      remind: fromPromise(async () => {
        tell("remind")
        await Promise.resolve()
      })
    },
    delays: { threeDays: 3 * day }
  }).createMachine({
    id: "order",
    context: { paid: 0 },
    initial: "paying",
    states: {
      paying: {
        invoke: {
          src: "pay",
          onDone: { target: waits, actions: assign({ paid: ({ event }) => event.output }) }
        }
      },
      [waits]: { id: "order.waiting", tags: "checkpoint", after: { threeDays: "reminding" } },
      reminding: { invoke: { src: "remind", onDone: "reminded" } },
      reminded: { type: "final" }
    },
    output: ({ context }) => ({ paid: context.paid })
  })

export const addJob = (world: World, name: string, options: JobOptions = {}) =>
  world.scheduler.addJob({ id: "a", task: name, trigger: once, ...options })

/** Of the job's only run. */
export const run = async (world: World) => {
  const [newest] = await world.scheduler.getRuns({ jobId: "a" })
  if (newest === undefined) throw new Error("there is no run")
  return newest
}

/** What the store has kept of all runs, once nobody has it open. */
export const kept = async ({ store }: World): Promise<ReadonlyArray<string>> => {
  const read = Effect.gen(function* () {
    const open = yield* store.open({ pid: 1, host: "here", startedAt: midnight })
    const runs = yield* open.reads.runs({})
    return [...(yield* open.checkpoints(runs.map(({ runKey }) => runKey))).values()]
  })
  return Effect.runPromise(Effect.scoped(read))
}
