/**
 * A program with Effect 3, RxJS and XState of its own, as `installs.proof.test.ts` compiles and runs it in projects that have installed the
 * package: it prints what came of each part. Compiled there, against what is installed there.
 */
import { createScheduler, cron, date, fireTimes, interval, stream, task } from "carillon"
import { Scheduler } from "carillon/effect"
import { jobMachine } from "carillon/machines"
import { sqlite } from "carillon/sqlite"
import { simulate } from "carillon/testing"
import { Effect, Schema } from "effect"
import { Subject } from "rxjs"
import type { Observable } from "rxjs"
import { assign, createActor, setup } from "xstate"
import type { AnyActorRef } from "xstate"

const add = task("add", ({ args }) => Effect.succeed(args.left + args.right), {
  args: Schema.Struct({ left: Schema.Number, right: Schema.Number })
})

/** What an Effect program does: the layer, a handle, an error by its tag. */
const inEffect = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  const job = yield* scheduler.addJob({ id: "add", task: add, args: { left: 1, right: 2 }, trigger: interval("1 day") })
  const { outcome, result } = yield* (yield* job.run()).settled
  const missing = yield* scheduler
    .pauseJob("missing")
    .pipe(Effect.catchTag("UnknownJobError", ({ _tag }) => Effect.succeed(_tag)))
  return [outcome, result, missing]
}).pipe(Effect.provide(Scheduler.layer({ tasks: [add] })))

/** A stream of the program's as a trigger. */
const ofStream = async (values: Subject<number>): Promise<ReadonlyArray<unknown>> => {
  const scheduler = createScheduler({ tasks: [task("take", () => "taken")], streams: { values } })
  const events: Observable<{ readonly type: string }> = scheduler.events$
  const ended = new Promise<void>((resolve) =>
    events.subscribe(({ type }) => {
      if (type === "RunSucceeded") resolve()
    })
  )
  await scheduler.start()
  await scheduler.addJob({ id: "stream", task: "take", trigger: stream("values") })
  values.next(1)
  await ended
  const runs = await scheduler.getRuns({ jobId: "stream" })
  await scheduler.shutdown()
  return runs.flatMap(({ outcome, result }) => [outcome, result])
}

const order = setup({
  types: { context: {} as { readonly euros: number }, events: {} as { type: "paid"; euros: number } }
}).createMachine({
  context: { euros: 0 },
  initial: "ordered",
  states: {
    ordered: { on: { paid: { target: "settled", actions: assign({ euros: ({ event }) => event.euros }) } } },
    settled: { type: "final" }
  },
  output: ({ context }) => context.euros
})

/** A machine in a file waits through a restart; an inspector sees its actors. */
const durable = async (): Promise<ReadonlyArray<unknown>> => {
  const seen = new Set<string>()
  const life = () =>
    createScheduler({
      store: sqlite({ filename: "jobs.db" }),
      tasks: [task("order", order)],
      inspect: (event) => {
        if (event.type === "@xstate.actor") seen.add((event.actorRef as AnyActorRef).id)
      }
    })
  const first = life()
  await first.start()
  const waiting = new Promise<void>((resolve) => first.on("RunRetryDue", () => resolve()))
  await first.addJob({ id: "order", task: "order", trigger: date(Date.now()) })
  await waiting
  await first.shutdown()
  const second = life()
  await second.start()
  const ended = new Promise<void>((resolve) => second.on("RunSucceeded", () => resolve()))
  const [run] = await second.getRuns({ jobId: "order", live: true })
  if (run !== undefined) await second.sendToRun(run.runId, { type: "paid", euros: 49 })
  await ended
  const [over] = await second.getRuns({ jobId: "order" })
  const { ok } = await second.verify()
  await second.shutdown()
  return [over?.outcome, over?.result, ok, ["scheduler", "job:order"].every((id) => seen.has(id))]
}

const simulated = async (): Promise<number> => {
  const { runs } = await simulate({
    from: "2026-01-01",
    to: "2026-01-08",
    tasks: "none",
    jobs: [{ id: "daily", task: "report", trigger: cron("0 9 * * *") }]
  })
  return runs.length
}

const answers = {
  effect: await Effect.runPromise(inEffect),
  rxjs: await ofStream(new Subject()),
  xstate: await durable(),
  machines: typeof createActor === "function" && jobMachine.id,
  testing: await simulated(),
  next: [...fireTimes(cron("0 9 * * *"), { after: "2026-01-01", timezone: "UTC", limit: 1 })]
}
console.log(JSON.stringify(answers))
