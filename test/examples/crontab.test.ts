/** The crontab program as a user runs it: real processes, a real database, a real terminal. */
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, describe, expect, it, vi } from "vitest"
import type { CrontabOptions } from "../../examples/crontab/options.ts"
import { runCrontab } from "../../examples/crontab/runCrontab.ts"
import { endPrograms, startInTerminal, startProgram, workplace } from "./crontabProgram.ts"

const places: Array<ReturnType<typeof workplace>> = []
const newPlace = (text: string) => {
  const place = workplace()
  places.push(place)
  place.write(text)
  return place
}

afterAll(async () => {
  await endPrograms()
  for (const place of places) place.remove()
})

/** A start takes seconds of a processor, and a busy machine has few of them. */
const patience = { timeout: 90_000 }

describe.concurrent("the crontab program", patience, () => {
  it("runs the crontab, drains on SIGINT, and accounts for what came due while it was stopped", async () => {
    const place = newPlace(
      [
        "GREETING=hello",
        "@reboot echo once $GREETING",
        "CRON_SECONDS=yes",
        "# name: tick",
        "@secondly echo ticking",
        "@secondly cat%from%the crontab",
        "@yearly old"
      ].join("\n")
    )
    const words = ["--crontab", place.crontab, "--db", place.db]
    const first = await startProgram(words)
    await first.line(/echo-once-GREETING \| once hello$/)
    await first.line(/tick \| ticking$/)
    await first.line(/cat \| the crontab$/)
    await first.line(/tick succeeded in \d+ ms/)
    expect(await runHere(place)).toEqual([1, expect.stringMatching(/jobs\.db is in use by process \d+/)])
    first.signal("SIGINT")
    const { code, out } = await first.ended
    expect(code).toBe(0)
    expect(out.trimEnd().split("\n").at(-1)).toMatch(/^Drained: /)

    place.write(
      "GREETING=hello\nCRON_SECONDS=yes\n# name: tick\n@secondly echo ticking still\n@secondly cat%from%the crontab\n"
    )
    await secondPassed()
    const again = await startProgram(words)
    expect(await again.line(/from the crontab/)).toMatch(
      /2 jobs from the crontab; 1 edited, history kept \(tick\); 2 no longer in the crontab and removed \((?:old, echo-once-GREETING|echo-once-GREETING, old)\)/
    )
    expect(await again.line(/While the scheduler was stopped/)).toMatch(
      /\d+ fire times of 2 jobs came due since \d\d:\d\d:\d\d: 2 ran late \(up to .* m?s\), \d+ coalesced into those runs, 0 misfired\./
    )
    await again.line(/tick \| ticking still/)
    again.signal("SIGTERM")
    expect((await again.ended).code).toBe(0)
  })

  it("waits for a command on the first signal and kills it on the next ones", async () => {
    const place = newPlace("# name: stubborn\n@reboot trap 'echo no' TERM; echo up; while :; do sleep 1; done\n")
    const program = await startProgram(["--crontab", place.crontab, "--db", place.db])
    await program.line(/stubborn \| up/)
    program.signal("SIGINT")
    await program.line(/Draining: waiting for 1 command to end/)
    program.signal("SIGINT")
    await program.line(/Stopping what runs/)
    program.signal("SIGINT")
    const { code, out } = await program.ended
    expect(code).toBe(130)
    expect(out).toMatch(/stubborn interrupted/)
  })

  it("draws the live view in a terminal, follows its size, and gives the cursor back", async () => {
    const place = newPlace("CRON_SECONDS=yes\n# name: tick\n@secondly echo ticking\n")
    const terminal = await startInTerminal(["✓", "SCHEDULE"], ["--crontab", place.crontab, "--db", place.db])
    const { code, out } = await terminal.ended
    expect(code).toBe(0)
    const escape = "\u001b"
    expect(out.startsWith(`${escape}[?1049h${escape}[?25l`)).toBe(true)
    expect(out).toMatch(/JOB +STATE +LAST/)
    expect(out).toMatch(/tick +scheduled +✓ /)
    const [, left] = out.split(`${escape}[?25h${escape}[?1049l`)
    expect(left).toMatch(/^Drained: /m)
    await secondPassed()
    const again = await startInTerminal(["✓", "SCHEDULE"], ["--crontab", place.crontab, "--db", place.db])
    const [, kept] = (await again.ended).out.split(`${escape}[?25h${escape}[?1049l`)
    expect(kept).toMatch(/^(?:While the scheduler was stopped|Nothing came due)[^]*^Drained: /m)
  })

  it("refuses an unknown option and shows the usage", async () => {
    const program = await startProgram(["--frequency", "often"])
    expect(await program.ended).toMatchObject({
      code: 2,
      out: expect.stringMatching(/Unknown option '--frequency'[^]*Usage: npm start/) as string
    })
  })
})

describe("runCrontab", () => {
  it("ends by itself after --for", async () => {
    expect(await runHere(newPlace("@yearly true\n"), { forMs: 10 })).toEqual([0, expect.stringMatching(/^Drained/m)])
  })

  it("names file, line and column of what is wrong in a crontab", async () => {
    const fault = expect.stringMatching(/crontab:2:3: hour is "25", expected 0-23$/)
    expect(await runHere(newPlace("0 0 * * * true\n0 25 * * * true\n"))).toEqual([1, fault])
  })

  it("says which file cannot be read, and which zone is unknown", async () => {
    const place = newPlace("@daily true\n")
    expect(await runHere({ ...place, crontab: `${place.crontab}.not` })).toEqual([
      1,
      expect.stringContaining("no such file")
    ])
    expect(await runHere(place, { timezone: "Mars/Olympus" })).toEqual([1, expect.stringContaining("Mars/Olympus")])
  })
})

/** A start takes less than a second: what comes due each second must have had the time for it while nobody was there. */
const secondPassed = (): Promise<void> => sleep(1_000 - (Date.now() % 1_000) + 1)

/** The exit code and everything printed. */
const runHere = async (
  { crontab, db }: { readonly crontab: string; readonly db: string },
  given: Partial<CrontabOptions> = {}
): Promise<readonly [number, string]> => {
  const printed: Array<string> = []
  const print = (line: string) => void printed.push(line)
  const spies = [
    vi.spyOn(console, "log").mockImplementation(print),
    vi.spyOn(console, "error").mockImplementation(print)
  ]
  const options = { system: false, timezone: "UTC", graceMs: undefined, forMs: undefined, plain: true, ...given }
  try {
    return [await runCrontab({ crontab, db, ...options }), printed.join("\n")]
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
