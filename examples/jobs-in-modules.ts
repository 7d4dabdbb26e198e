/** How do modules of an Effect program bring their own jobs? Prints what comes of two, and after a restart how the second had ended. */
import { interval } from "carillon"
import { Job, Scheduler } from "carillon/effect"
import { SqliteStore } from "carillon/sqlite"
import { Config, Console, Effect, Exit, Layer, Schema, Stream } from "effect"

// Definitions, which every module may import: names and schemas, no code.
class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { item: Schema.String, until: Schema.Date }) {}
const Order = Schema.Struct({ item: Schema.String, wanted: Schema.DateFromString })
const Ship = Job.make({ name: "Ship", args: Order, success: Schema.String, error: OutOfStock })
const CountStock = Job.make({ name: "CountStock", success: Schema.Number })

// The module of the stock: code with a service of its own, and a job on a schedule.
class Stock extends Effect.Service<Stock>()("Stock", { succeed: { items: new Set(["bell"]) } }) {}
const stock = Layer.mergeAll(
  CountStock.toLayer(() => Effect.map(Stock, ({ items }) => items.size)),
  CountStock.schedule(interval("100 millis"))
).pipe(Layer.provide(Stock.Default))

// The module that ships.
const shipping = Ship.toLayer(({ args }) =>
  Effect.flatMap(Stock, ({ items }) =>
    items.has(args.item)
      ? Effect.succeed(`${args.item} ships on ${args.wanted.toISOString().slice(0, 10)}`)
      : Effect.fail(new OutOfStock({ item: args.item, until: new Date(Date.UTC(2026, 4, 1)) }))
  )
).pipe(Layer.provide(Stock.Default))

// The program: modules above the scheduler, that above its store.
const scheduler = Scheduler.layer({}).pipe(
  Layer.provide(SqliteStore.layerConfig({ filename: Config.string("JOBS_DB").pipe(Config.withDefault("jobs.db")) }))
)
const main = Layer.mergeAll(stock, shipping).pipe(Layer.provideMerge(scheduler))

const today = Effect.gen(function* () {
  const { events } = yield* Scheduler
  yield* events.pipe(
    Stream.filter((event) => event.type === "RunSucceeded" && event.jobId === "CountStock"),
    Stream.runHead
  )
  yield* Console.log("the stock was counted")
  const wanted = new Date(Date.UTC(2026, 3, 1))
  yield* Console.log(yield* Ship.execute({ item: "bell", wanted }))
  yield* Ship.execute({ item: "gong", wanted }, { id: "gong" }).pipe(
    Effect.catchTag("OutOfStock", ({ item, until }) => Console.log(`no ${item} before ${until.toISOString()}`))
  )
})

const nextWeek = Effect.gen(function* () {
  const [run] = yield* (yield* Scheduler).getRuns({ jobId: "gong" })
  const exit = run && Ship.exitOf(run)
  if (exit && Exit.isFailure(exit)) yield* Console.log(`it had failed: ${exit.cause.toString().split("\n")[0]}`)
  // Under an id that is taken it is not executed again: this is the same error, of the same run.
  const error = yield* Effect.flip(Ship.execute({ item: "gong", wanted: new Date(0) }, { id: "gong" }))
  if (error instanceof OutOfStock) yield* Console.log(`and still waits for May: ${error.until.getUTCMonth() === 4}`)
})

await Effect.runPromise(Effect.provide(today, main))
await Effect.runPromise(Effect.provide(nextWeek, main))
