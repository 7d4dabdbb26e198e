import { expect, it } from "vitest"
import { durationWords } from "../../src/time/durationWords.ts"

it.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1000, "1 second"],
  [90_000, "1 minute 30 seconds"],
  [3_600_001, "1 hour 1 ms"],
  [255_600_000, "2 days 23 hours"],
  [90_061_002, "1 day 1 hour 1 minute 1 second 2 ms"]
])("%d milliseconds are %s", (ms, words) => {
  expect(durationWords(ms)).toBe(words)
})
