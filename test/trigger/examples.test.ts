import { describe, expect, it } from "vitest"
import { runExample } from "../examples/runExample.ts"

/** The first lines that each example prints. */
const printed: Readonly<Record<string, ReadonlyArray<string>>> = {
  "business-days": [
    'At 09:00, Monday through Friday (Europe/Stockholm), except on days of the calendar "swedish"',
    "Tue, 22 Dec 2026",
    "Wed, 23 Dec 2026",
    "Mon, 28 Dec 2026"
  ],
  "dst-preview": [
    "clocks go forward, 2026-03-29",
    "  30 2 * * * (compatible): 01:30Z",
    "  */30 * * * * (compatible): 00:30Z 01:00Z 01:30Z",
    "  30 2 * * * (every-match): none"
  ],
  "combining-triggers": [
    "either of two: 2026-01-01T09:00, 2026-01-02T09:00, 2026-01-02T17:00",
    "  At 09:00 (UTC); or At 17:00, only on Friday (UTC)",
    "Friday the 13th: 2026-02-13T00:00, 2026-03-13T00:00, 2026-11-13T00:00"
  ],
  "custom-trigger": [
    "two hours to a full moon: 2026-03-03T11 UTC",
    "full moon: 2026-04-02T02 UTC",
    "full moon: 2026-05-01T15 UTC"
  ]
}

describe("examples about triggers", () => {
  it.for(Object.entries(printed))("%s prints what its header says", { timeout: 40_000 }, async ([name, lines]) => {
    const run = await runExample(name)
    expect({ exitCode: run.exitCode, errors: run.errors }).toEqual({ exitCode: 0, errors: "" })
    expect(run.lines.slice(0, lines.length)).toEqual(lines)
  })
})
