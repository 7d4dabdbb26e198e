import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/retries-and-timeouts", () => {
  it(
    "prints three attempts of the task that recovers and one of the error that is not worth another",
    { timeout: 40_000 },
    async () => {
      const { exitCode, lines, errors } = await runExample("retries-and-timeouts")
      expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
      expect(lines).toEqual([
        "0 s: prices 1 RunStarted",
        "0 s: prices 1 RunFailed Busy",
        "0 s: prices 1 RunRetryDue in 10 s",
        "0 s: typo 1 RunStarted",
        "0 s: typo 1 RunFailed TypeError",
        "10 s: prices 2 RunStarted",
        "40 s: prices 2 RunTimedOut",
        "40 s: prices 2 RunRetryDue in 20 s",
        "60 s: prices 3 RunStarted",
        "60 s: prices 3 RunSucceeded 42 prices"
      ])
    }
  )
})
