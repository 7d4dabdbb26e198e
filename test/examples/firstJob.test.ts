import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

describe("examples/first-job", () => {
  it(
    "prints the next three weekdays at nine in Oslo, and the run that was asked for",
    { timeout: 40_000 },
    async () => {
      const { exitCode, lines, errors } = await runExample("first-job")
      expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
      const fireTimes = lines.slice(0, 3).map((line) => new Date(line.replace("next: ", "")))
      const inOslo = new Intl.DateTimeFormat("en-GB", {
        timeZone: "Europe/Oslo",
        weekday: "short",
        hour: "2-digit",
        minute: "2-digit"
      })
      for (const fireTime of fireTimes) expect(inOslo.format(fireTime)).toMatch(/^(Mon|Tue|Wed|Thu|Fri),? 09:00$/)
      expect(fireTimes.toSorted((a, b) => a.getTime() - b.getTime())).toEqual(fireTimes)
      expect(lines.slice(3)).toEqual(["succeeded: weekday-report is written, attempt 1"])
    }
  )

  it("is the README's first block, to the letter", () => {
    const [, block] = /```ts run\n([^]*?)```/.exec(read("README.md")) ?? []
    expect(block).toBe(read("examples/first-job.ts"))
  })
})
