/** What `simulate` is rejected with. */
import { simulate } from "../../src/testing.ts"
import type { SimulateOptions } from "../../src/testing.ts"

/** The rejection's tag and the option it is about. */
export const refusal = async (options: unknown): Promise<readonly [string, string | undefined]> => {
  const error: unknown = await simulate(options as SimulateOptions).then(
    () => new Error("accepted"),
    (reason: unknown) => reason
  )
  const { _tag, option } = error as { readonly _tag: string; readonly option?: string }
  return [_tag, option]
}
