/**
 * What a program meets that runs Effect 4 and hands it something of `carillon/effect`, which is made of Effect 3: an error that says so, where
 * Effect 4 would say that a value is no effect or has no `build`. Effect 3 looks at none of this.
 */
import { Data } from "effect"

/** Something of `carillon/effect`, which is made for Effect 3.22, was run by another version of Effect. */
export class EffectVersionError extends Data.TaggedError("EffectVersionError")<{
  /** What was run, such as `Scheduler.layer(…)`. */
  readonly found: string
}> {
  override get message(): string {
    return `${this.found} of carillon/effect is made for Effect 3.22 and was run by another version of effect; use the scheduler of "carillon", whose verbs give promises, or install effect 3.22 for this part (docs/effect.md, "Effect 4")`
  }
}

/** `value`, which Effect 4 refuses with `EffectVersionError` wherever it takes it for an effect or a layer. */
export const onlyEffect3 = <A extends object>(value: A, found: string): A => {
  const refuse = (): never => {
    throw new EffectVersionError({ found })
  }
  // What Effect 4 calls: of an effect, and of a layer.
  for (const call of ["~effect/Effect/evaluate", "build"]) Object.defineProperty(value, call, { value: refuse })
  return value
}
