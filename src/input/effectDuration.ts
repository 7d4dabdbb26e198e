/** Effect's `Duration`, told by its mark and read by its fields: a trigger needs nothing more of Effect's module. */

/** What a `Duration` of Effect 3 or 4 holds. */
type DurationValue =
  | { readonly _tag: "Millis"; readonly millis: number }
  | { readonly _tag: "Nanos"; readonly nanos: bigint }
  | { readonly _tag: "Infinity" | "NegativeInfinity" }

const marks = [Symbol.for("effect/Duration"), "~effect/Duration"]

/** Its milliseconds, parts of one kept; `undefined` for anything else. */
export const effectDurationMillis = (given: unknown): number | undefined => {
  const value = valueOf(given)
  switch (value?._tag) {
    case "Millis":
      return value.millis
    case "Nanos":
      return Number(value.nanos) / 1e6
    case "Infinity":
      return Infinity
    case "NegativeInfinity":
      return -Infinity
    default:
      return undefined
  }
}

/** As Effect shows it: `1h 30m`; `undefined` for anything else. */
export const effectDurationText = (given: unknown): string | undefined => {
  const ms = effectDurationMillis(given)
  if (ms === undefined) return undefined
  if (ms <= 0 || ms === Infinity) return String(ms)
  const texts: Array<string> = []
  let rest = Math.round(ms * 1e6)
  for (const [unit, nanos] of units) {
    const count = Math.floor(rest / nanos)
    if (count > 0) texts.push(`${count}${unit}`)
    rest -= count * nanos
  }
  return texts.join(" ")
}

const units = [
  ["d", 86_400e9],
  ["h", 3600e9],
  ["m", 60e9],
  ["s", 1e9],
  ["ms", 1e6],
  ["ns", 1]
] as const

const valueOf = (given: unknown): DurationValue | undefined =>
  typeof given === "object" && given !== null && marks.some((mark) => mark in given)
    ? (given as { readonly value?: DurationValue }).value
    : undefined
