import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/job-as-effect-layer", () => {
  it("prints what the mailer was asked to send, and closes it last", { timeout: 40_000 }, async () => {
    const { exitCode, lines, errors } = await runExample("job-as-effect-layer")
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
    const messages = lines.map((line) =>
      /message="(.*)"(?: runId=\d+ jobId=digest)?$/.exec(line)?.[1]?.replaceAll("\\", "")
    )
    expect(messages.slice(0, 2)).toEqual(["digest is there already", "sending to ops"])
    expect(messages.filter((message) => message?.startsWith("run"))).toEqual([
      'run of digest: "sent to ops"',
      'run of digest: "sent to ops"'
    ])
    // What the task logs says whose run it is.
    expect(lines[1]).toMatch(/ runId=\d+ jobId=digest$/)
    expect(messages.at(-1)).toBe("mailer closed")
  })
})
