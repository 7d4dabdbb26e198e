/** How do I run jobs that are Effects with services? Prints what a mailer was asked to send, and that it is closed last. */
import { interval, task } from "carillon"
import { Scheduler } from "carillon/effect"
import { Context, Effect, Layer, Schema, Stream } from "effect"

class Mailer extends Context.Tag("Mailer")<Mailer, { readonly send: (to: string) => Effect.Effect<string> }>() {
  static readonly live = Layer.scoped(
    Mailer,
    Effect.acquireRelease(
      Effect.succeed({ send: (to: string) => Effect.as(Effect.log(`sending to ${to}`), `sent to ${to}`) }),
      () => Effect.log("mailer closed")
    )
  )
}

const digest = task("digest", ({ args }) => Effect.flatMap(Mailer, (mailer) => mailer.send(args.to)), {
  args: Schema.Struct({ to: Schema.String })
})

const program = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  const add = scheduler.addJob({ id: "digest", task: digest, args: { to: "ops" }, trigger: interval("50 millis") })
  yield* add
  yield* add.pipe(Effect.catchTag("DuplicateJobError", ({ jobId }) => Effect.log(`${jobId} is there already`)))
  yield* scheduler.events.pipe(
    Stream.filter((event) => event.type === "RunSucceeded"),
    Stream.take(2),
    Stream.runForEach((event) => Effect.log(`run of ${event.jobId}: ${JSON.stringify(event.result)}`))
  )
})

// The layer requires what its tasks require: without Mailer.live this does not compile. Leaving the scope drains the scheduler.
const layer = Scheduler.layer({ tasks: [digest] }).pipe(Layer.provide(Mailer.live))
await Effect.runPromise(Effect.provide(program, layer))
