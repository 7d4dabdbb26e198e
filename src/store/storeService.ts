/** A store as a service of an Effect program, and options that come from its configuration. */
import { Config, Context, Effect } from "effect"
import type { ConfigError } from "effect"
import type { JobStore } from "./jobStore.ts"

/** Where the jobs of `Scheduler.layer` live, unless its options say otherwise. Without it: in memory. */
export class Store extends Context.Tag("carillon/Store")<Store, JobStore>() {}

/** Options of which each may come from the program's configuration. */
export type FromConfig<Options> = {
  readonly [Name in keyof Options]: Options[Name] | Config.Config<Exclude<Options[Name], undefined>>
}

/** The options as they are configured. Options that are no Config stay as they are. */
export const configured = <Options extends object>(
  given: FromConfig<Options>
): Effect.Effect<Options, ConfigError.ConfigError> =>
  // Plain JavaScript may give anything: whoever takes the options says what is wrong with them.
  typeof (given as unknown) !== "object" || (given as unknown) === null
    ? Effect.succeed(given as unknown as Options)
    : Effect.map(
        Effect.forEach(Object.entries(given), ([name, value]) =>
          Config.isConfig(value)
            ? Effect.map(value, (read) => [name, read] as const)
            : Effect.succeed([name, value] as const)
        ),
        (entries) => Object.fromEntries(entries) as Options
      )
