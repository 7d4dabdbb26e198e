/** Definitions of jobs, code for them, and a scheduler below that on a virtual clock. */
import type { LayerOptions } from "carillon/effect"
import { Job, Scheduler } from "carillon/effect"
import { virtualClock } from "carillon/testing"
import { Context, Effect, Fiber, Layer, Schema } from "effect"
import { advance, start } from "./effectScene.ts"

export class Refused extends Schema.TaggedError<Refused>()("Refused", { to: Schema.String, at: Schema.Date }) {}

export class Letter extends Schema.Class<Letter>("Letter")({ to: Schema.String, at: Schema.Date }) {}

export class Mailer extends Context.Tag("test/Mailer")<Mailer, { readonly send: (to: string) => void }>() {}

export const SendLetter = Job.make({ name: "SendLetter", args: Letter, success: Schema.DateFromString, error: Refused })
export const Sweep = Job.make({ name: "Sweep" })

export const letters = SendLetter.toLayer(({ args }) =>
  Effect.flatMap(Mailer, ({ send }) => {
    if (args.to === "nobody") return Effect.fail(new Refused({ to: args.to, at: args.at }))
    if (args.to === "bug") return Effect.die(new TypeError("no such thing"))
    return Effect.as(
      Effect.sync(() => send(args.to)),
      args.at
    )
  })
)

/** To whom a letter was sent. */
export const sent: Array<string> = []
export const mail = letters.pipe(Layer.provide(Layer.succeed(Mailer, { send: (to) => void sent.push(to) })))

export const at = new Date(start)
export const letter = (to: string): Letter => new Letter({ to, at })

/** Runs `program` with `jobs` above a scheduler on a virtual clock. */
export const within = <A, E, E2>(
  jobs: Layer.Layer<never, E2, Scheduler>,
  program: Effect.Effect<A, E, Scheduler>,
  options: LayerOptions = {}
): Promise<A> =>
  Effect.runPromise(
    program.pipe(
      Effect.provide(jobs.pipe(Layer.provideMerge(Scheduler.layer(options)))),
      Effect.withClock(virtualClock(start))
    )
  )

/** Runs `effect` while the clock moves. */
export const moving = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* advance("1 minute")
    return yield* Fiber.join(fiber)
  })
