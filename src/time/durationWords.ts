/** A duration as a sentence says it: "2 days 23 hours", "1 minute 30 seconds", "250 ms". Exact, and not negative. */
export const durationWords = (ms: number): string => {
  const words: Array<string> = []
  let rest = ms
  for (const [unit, length] of units) {
    const count = Math.floor(rest / length)
    if (count > 0) words.push(`${count} ${unit}${count === 1 ? "" : "s"}`)
    rest -= count * length
  }
  if (rest > 0 || words.length === 0) words.push(`${rest} ms`)
  return words.join(" ")
}

const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000]
] as const
