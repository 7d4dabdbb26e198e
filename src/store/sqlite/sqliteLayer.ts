/** The store in a file, as layers of an Effect program. */
import { Effect, Layer } from "effect"
import type { ConfigError } from "effect"
import type { FromConfig } from "../storeService.ts"
import { configured, Store } from "../storeService.ts"
import type { SqliteOptions } from "./sqliteStore.ts"
import { InvalidSqliteOption, sqlite } from "./sqliteStore.ts"

const stored = (options: SqliteOptions) =>
  Effect.try({ try: () => sqlite(options), catch: (error) => error }).pipe(
    Effect.catchAll((error) => (error instanceof InvalidSqliteOption ? Effect.fail(error) : Effect.die(error)))
  )

/** Layers that keep jobs in a file: `Scheduler.layer` takes the store that is provided to it. */
export const SqliteStore = {
  /** The store that `sqlite(options)` gives. Fails with `InvalidSqliteOption`; the file is touched when the scheduler opens it. */
  layer: (options: SqliteOptions): Layer.Layer<Store, InvalidSqliteOption> => Layer.effect(Store, stored(options)),
  /** The same of options of which each may be a Config, such as `{ filename: Config.string("JOBS_DB") }`. */
  layerConfig: (
    options: FromConfig<SqliteOptions>
  ): Layer.Layer<Store, InvalidSqliteOption | ConfigError.ConfigError> =>
    Layer.effect(Store, Effect.flatMap(configured<SqliteOptions>(options), stored))
}
