/** Lengths of time in words, as the package human-interval reads them for Agenda: "3 minutes", "one day and 2 hours". */

const unitMs = new Map([
  ["second", 1_000],
  ["minute", 60_000],
  ["hour", 3_600_000],
  ["day", 86_400_000],
  ["week", 604_800_000],
  ["month", 2_592_000_000],
  ["year", 31_536_000_000]
])

const numberWords = new Map(
  [
    ...["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
    ...["eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]
  ].map((word, index) => [word, index + 1] as const)
)

/** Milliseconds; a month has 30 days, a year 365. `undefined`: not such words. */
export const humanIntervalMs = (text: string): number | undefined => {
  const words = text
    .trim()
    .toLowerCase()
    .split(/\s+|,\s*/)
    .filter((word) => word !== "and" && word !== "")
  let sumMs = 0
  let count: number | undefined
  for (const word of words) {
    const unit = unitMs.get(word.replace(/s$/, ""))
    if (unit !== undefined) {
      sumMs += (count ?? 1) * unit
      count = undefined
      continue
    }
    if (count !== undefined) return undefined
    count = word === "a" || word === "an" ? 1 : (numberWords.get(word) ?? Number(word))
    if (!Number.isFinite(count)) return undefined
  }
  return count === undefined && sumMs > 0 ? Math.round(sumMs) : undefined
}
