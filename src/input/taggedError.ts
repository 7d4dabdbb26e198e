/**
 * Errors with a `_tag`, as `Data.TaggedError` of Effect makes them: an Effect program may yield them, they are equal by their fields, and
 * have a class each. Effect's own brings the causes of its runtime along, which is a third of what a page that only asks a trigger loads.
 */
import { Effectable, Either } from "effect"
import type { Data } from "effect"

class YieldableError extends Error {
  readonly #fields: object | undefined

  constructor(fields?: { readonly message?: string; readonly cause?: unknown }) {
    super(fields?.message, fields?.cause === undefined ? undefined : { cause: fields.cause })
    Object.assign(this, fields)
    this.#fields = fields
  }

  /** What an Effect program makes of it: a failure. */
  commit(): Either.Either<never, this> {
    return Either.left(this)
  }

  toJSON(): object {
    return Object.assign({}, this.#fields, this)
  }
}

/** The base of a class of errors with this tag, which is their name too. */
export const TaggedError = ((tag: string) => {
  class Tagged extends YieldableError {
    static {
      Object.assign(this.prototype, Effectable.StructuralCommitPrototype, { name: tag })
    }
    readonly _tag = tag
  }
  return Tagged
}) as unknown as typeof Data.TaggedError
