/**
 * Functions of a user's that are told something and asked nothing: listeners, subscribers, inspectors, `onError`. Whatever
 * such a function is (it may be async, a generator, an Effect's maker), what it throws, rejects with or leaves undone is reported.
 */
import { Data } from "effect"

/** Calls back in the async context of the scheduler's maker. What the call throws comes through. */
export type Within = <A>(call: () => A) => A

/** Such a function gave what nothing runs: its body, or the best part of it, never ran. */
export class UnrunCallbackError extends Data.TaggedError("UnrunCallbackError")<{
  /** What it is, such as `a generator`. */
  readonly found: string
}> {
  override get message(): string {
    return `it gave ${this.found}, which nothing runs; ${lazyKinds.get(this.found) ?? "await it"}`
  }
}

/** Calls one. Never throws; `report` hears of a failure, now or later. */
export const callBack = (call: () => unknown, report: (error: unknown) => void): void => {
  try {
    heed(call(), report)
  } catch (error) {
    report(error)
  }
}

/** Watches what a call gave. Throws what its getters throw. */
export const heed = (given: unknown, report: (error: unknown) => void): void => {
  if ((typeof given !== "object" && typeof given !== "function") || given === null) return
  const found = lazyKind(given)
  if (found !== null) return report(new UnrunCallbackError({ found }))
  if (typeof (given as { readonly then?: unknown }).then !== "function") return
  void Promise.resolve(given).then((value) => callBack(() => (isThenable(value) ? undefined : value), report), report)
}

/** What of a value does nothing until somebody runs it, and is mostly given by mistake; `null` for anything else. Never throws. */
export const lazyKind = (value: unknown): string | null => {
  if (typeof value !== "object" || value === null) return null
  try {
    if (value instanceof Error) return null
    if (effects.some((mark) => mark in value)) return data.some((mark) => mark in value) ? null : "an Effect"
    if (foreignEffects.some((mark) => mark in value)) return "an Effect of another version of effect"
    const part = parts.find(({ marks }) => marks.some((mark) => mark in value))
    if (part !== undefined) return part.kind
    const kind = Object.prototype.toString.call(value)
    if (kind === "[object Generator]") return "a generator"
    return kind === "[object AsyncGenerator]" ? "an async generator" : null
  } catch {
    return null
  }
}

/** The lazy kinds, and what to do instead. */
export const lazyKinds: ReadonlyMap<string, string> = new Map([
  ["a generator", "make it an async function, or wrap it in Effect.gen"],
  ["an async generator", "make it an async function that goes through the values"],
  ["an Effect", "yield it, flatten it, or run it"],
  ["an Effect of another version of effect", "run it with that version's Effect.runPromise, or use effect 3"],
  ["a Stream of effect", "run it, with Stream.runDrain for example"],
  ["a Layer of effect", "launch it, or provide it to an Effect"],
  ["a Sink of effect", "run a Stream into it"],
  ["a Channel of effect", "run it, with Channel.run for example"]
])

/** Whether a function is `function*` or `async function*`: called, it does nothing yet. */
export const generatorKind = (value: unknown): string | null => {
  if (typeof value !== "function") return null
  const kind = Object.prototype.toString.call(value)
  return kind === "[object GeneratorFunction]"
    ? "a generator function"
    : kind === "[object AsyncGeneratorFunction]"
      ? "an async generator function"
      : null
}

/** Of versions 2 and 3; of 4, and of the packages before 2. */
const effects = [Symbol.for("effect/Effect")]
const foreignEffects = ["~effect/Effect", Symbol.for("@effect/io/Effect")]
/** What else of effect is a description of work, by its marks of versions 2 and 3, and 4. */
const parts = ["Stream", "Layer", "Sink", "Channel"].map((name) => ({
  kind: `a ${name} of effect`,
  marks: [Symbol.for(`effect/${name}`), `~effect/${name}`]
}))
/** Option and Either: data that Effect's own combinators take for Effects. */
const data = [Symbol.for("effect/Option"), Symbol.for("effect/Either")]

const isThenable = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as { readonly then?: unknown }).then === "function"
