import { describe, expect, it } from "vitest"
import type { CrontabEntry, CrontabOptions } from "../../../src/trigger/cron/crontab.ts"
import { InvalidCrontabError, readCrontab } from "../../../src/trigger/cron/crontab.ts"
import { createTriggerRegistry } from "../../../src/trigger/triggerRegistry.ts"
import { cpuMs } from "../cpuTime.ts"

const plain = (entry: CrontabEntry) => {
  const { trigger, ...rest } = { trigger: undefined, ...entry }
  return { ...rest, trigger: trigger?.toJSON() }
}
const faultsOf = (text: string, options?: CrontabOptions): unknown => {
  try {
    return readCrontab(text, options)
  } catch (error) {
    return (error as { faults?: unknown }).faults ?? error
  }
}

const userCrontab = `# backups
SHELL=/bin/sh
MAILTO = "ops@example.org"

0 3 * * MON-FRI  backup --all
CRON_TZ=America/New_York
@daily\treport
  @reboot serve
`

describe("readCrontab", () => {
  it("reads a user's crontab", () => {
    const environment = { SHELL: "/bin/sh", MAILTO: "ops@example.org" }
    const later = { ...environment, CRON_TZ: "America/New_York" }
    const timezone = "America/New_York"
    expect(readCrontab(userCrontab, { timezone: "Europe/Oslo" }).map(plain)).toEqual([
      {
        line: 5,
        expression: "0 3 * * MON-FRI",
        command: "backup --all",
        environment,
        timezone: "Europe/Oslo",
        reboot: false,
        trigger: { type: "cron", expression: "0 3 * * MON-FRI", timezone: "Europe/Oslo" }
      },
      {
        line: 7,
        expression: "@daily",
        command: "report",
        environment: later,
        timezone,
        reboot: false,
        trigger: { type: "cron", expression: "@daily", timezone }
      },
      {
        line: 8,
        expression: "@reboot",
        command: "serve",
        environment: later,
        timezone,
        reboot: true,
        trigger: undefined
      }
    ])
  })

  it("reads the user of a system crontab", () => {
    const [entry] = readCrontab("17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly\n", { system: true })
    expect(entry).toMatchObject({
      user: "root",
      command: "cd / && run-parts --report /etc/cron.hourly",
      expression: "17 *\t* * *"
    })
    expect(entry?.timezone).toBeUndefined()
  })

  it.for([
    ["0 0 * * * date +\\%F", { command: "date +%F" }],
    ["0 0 * * * mail ops%Hello,%100\\% done", { command: "mail ops", input: "Hello,\n100% done" }],
    ["0 0 * * * cat%", { command: "cat", input: "" }],
    ["0 0 * * * echo a\\\\%b", { command: "echo a\\\\", input: "b" }],
    ["0 0 * * * echo a\\\\\\%b", { command: "echo a\\\\%b" }],
    ["0 0 * * * cat%x\\%y%z\\n", { command: "cat", input: "x%y\nz\\n" }],
    ["0 0 * * * cat%x\\\\%y\\\\\\%z\\", { command: "cat", input: "x\\%y\\\\%z\\" }],
    ["0 0 * * * cat%\\x%\\\\x%", { command: "cat", input: "\\x\n\\\\x\n" }],
    ["0 0 * * * echo a\\\\\\\\%b\\%%c", { command: "echo a\\\\\\\\", input: "b%\nc" }],
    ["0 0 * * * echo a\\ ", { command: "echo a\\ " }],
    ["0 0 * * * echo \\", { command: "echo \\" }],
    ["0 0 * * * a=b run  ", { command: "a=b run" }],
    ["-*/5 * * * * quiet", { command: "quiet", expression: "*/5 * * * *" }],
    ["0 0 * * * run\r", { command: "run" }]
  ] as const)("reads %j", ([line, expected]) => {
    expect(readCrontab(line)[0]).toMatchObject(expected)
  })

  it.for([
    ["A = b c  ", { A: "b c" }],
    ["'A B'='b c '", { "A B": "b c " }],
    ["A=", { A: "" }],
    ['A=a"b', { A: 'a"b' }]
  ] as const)("sets the variable of %j", ([line, environment]) => {
    expect(readCrontab(`${line}\n@daily run`)[0]?.environment).toEqual(environment)
  })

  it.each(["@Daily", "@REBOOT", "@minutely", "@secondly", "@every 5m"])(
    "refuses %s, which is no macro of cron",
    (macro) => {
      const [found = ""] = macro.split(" ")
      const expected = expect.stringContaining("@daily @midnight @hourly @reboot") as string
      expect(faultsOf(`${macro} run`)).toEqual([{ line: 1, column: 1, field: "macro", found, expected }])
    }
  )

  it("takes @secondly where seconds are fields", () => {
    expect(readCrontab("CRON_SECONDS=yes\n@secondly run")).toMatchObject([{ command: "run", reboot: false }])
  })

  it("names the place of every fault", () => {
    const text = [
      "0 25 * * * run",
      "@dayly run",
      "0 0 * *",
      "0 0 * * *",
      "  0 0 30 2 * run",
      "CRON_TZ=Mars/Olympus"
    ].join("\n")
    expect(faultsOf(text)).toMatchObject([
      { line: 1, column: 3, field: "hour", found: "25", expected: "0-23" },
      { line: 2, column: 1, field: "macro", found: "@dayly" },
      { line: 3, column: 1, field: "entry", found: "0 0 * *" },
      { line: 4, column: 10, field: "command", found: "" },
      { line: 5, column: 3, field: "date" },
      { line: 6, column: 9, field: "CRON_TZ", found: "Mars/Olympus" }
    ])
    expect(faultsOf("0 0 * * * ro!ot run\n0 0 * * *", { system: true })).toMatchObject([
      { line: 1, column: 11, field: "user", found: "ro!ot" },
      { line: 2, column: 10, field: "user", found: "" }
    ])
  })

  it.each(["", " ", "  ", "   "])("leaves out blanks at the end of a value, and none within it: %j", (blanks) => {
    const [entry] = readCrontab(`MAILTO=x y${blanks}\n* * * * * run`)
    expect(entry?.environment).toEqual({ MAILTO: "x y" })
  })

  it("reads six time fields below CRON_SECONDS=yes", () => {
    const text = "CRON_SECONDS=yes\n*/5 * * * * * tick\n@daily report\nCRON_SECONDS=no\n*/5 * * * * tock"
    expect(readCrontab(text).map(({ expression, command }) => [expression, command])).toEqual([
      ["*/5 * * * * *", "tick"],
      ["@daily", "report"],
      ["*/5 * * * *", "tock"]
    ])
    expect(faultsOf("CRON_SECONDS=maybe\nCRON_SECONDS=yes\n0 61 * * * * run\n* * * * *")).toMatchObject([
      { line: 1, column: 14, field: "CRON_SECONDS", found: "maybe" },
      { line: 3, column: 3, field: "minute", found: "61" },
      { line: 4, column: 1, field: "entry", expected: "six time fields or a macro such as @daily, then a command" }
    ])
    expect(faultsOf("* * * *")).toMatchObject([
      { field: "entry", expected: "five time fields or a macro such as @daily, then a command" }
    ])
  })

  it.for<readonly [unknown, string, string]>([
    [null, "options", "null"],
    ["Europe/Oslo", "options", "Europe/Oslo"],
    [["system"], "options", "an array of 1"],
    [{ timeZone: "UTC" }, "options", "timeZone"],
    [{ system: "yes" }, "option system", "yes"],
    [{ timezone: 2 }, "option timezone", "2"],
    [{ file: Symbol("f") }, "option file", "Symbol(f)"]
  ])("refuses %j for its options", ([options, field, found]) => {
    expect(() => readCrontab("* * * * * run", options as CrontabOptions)).toThrow(InvalidCrontabError)
    expect(faultsOf("* * * * * run", options as CrontabOptions)).toMatchObject([{ line: 1, column: 1, field, found }])
  })

  it.for([
    ["UTC-3", "+03:00", "2026-01-01T09:00"],
    ["UTC+2", "-02:00", "2026-01-01T14:00"],
    ['"GMT+5"', "-05:00", "2026-01-01T17:00"],
    ["UTC-03:30", "+03:30", "2026-01-01T08:30"],
    [":Europe/Oslo", "Europe/Oslo", "2026-01-01T11:00"],
    ["/usr/share/zoneinfo/Europe/Oslo", "Europe/Oslo", "2026-01-01T11:00"],
    ["CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/3", "2026-01-01T11:00"]
  ] as const)("reads CRON_TZ=%s as the C library does", ([value, timezone, noon]) => {
    const [entry] = readCrontab(`CRON_TZ=${value}\n0 12 * * * run`)
    expect(entry?.timezone).toBe(timezone)
    const trigger = entry?.reboot === false ? entry.trigger : undefined
    expect(trigger?.next(Date.parse("2026-01-01T00:00Z"))).toBe(Date.parse(`${noon}Z`))
    const read = createTriggerRegistry().read(trigger?.toJSON() ?? { type: "" })
    expect(read.next(Date.parse("2026-07-01T00:00Z"))).toBe(trigger?.next(Date.parse("2026-07-01T00:00Z")))
  })

  it("refuses what the C library would take for UTC without a word, and leaves TZ to the command", () => {
    expect(faultsOf("CRON_TZ=+03:00\nCRON_TZ=\nCRON_TZ=CET-1CEST,M13.1.0,M1.1.0")).toMatchObject([
      { line: 1, column: 9, field: "CRON_TZ", found: "+03:00" },
      { line: 2, column: 9, field: "CRON_TZ", found: "" },
      { line: 3, column: 9, field: "CRON_TZ" }
    ])
    const [entry] = readCrontab("TZ=UTC-3\n0 12 * * * run", { timezone: "UTC" })
    expect(entry).toMatchObject({ timezone: "UTC", environment: { TZ: "UTC-3" } })
  })

  it("refuses a command that is another time field", () => {
    expect(faultsOf("* * * * * * run\n  0 0 1 * * *\n*/5 * * * * */2 run")).toMatchObject([
      { line: 1, column: 11, field: "command", found: "*" },
      { line: 2, column: 13, field: "command", found: "*" },
      { line: 3, column: 13, field: "command", found: "*/2" }
    ])
    expect(faultsOf("* * * * * * root run", { system: true })).toMatchObject([
      { column: 11, field: "user", found: "*" }
    ])
    expect(faultsOf("CRON_SECONDS=yes\n* * * * * * * run")).toMatchObject([{ line: 2, column: 13, field: "command" }])
  })

  it("refuses a step of a single value, which no two crons read alike", () => {
    expect(faultsOf("5/15 * * * * run\n0 1,2/3 * * * run\n0 0 * jan/2 * run\n0 0 * * mon/2 run")).toMatchObject([
      { line: 1, column: 1, field: "minute", found: "5/15" },
      { line: 2, column: 5, field: "hour", found: "2/3" },
      { line: 3, column: 7, field: "month", found: "jan/2" },
      { line: 4, column: 9, field: "day-of-week", found: "mon/2" }
    ])
    expect(readCrontab("5-59/15,*/7 * * * * run")).toHaveLength(1)
  })

  it("refuses what other programs mean by letters and by ranges that wrap", () => {
    const refused = [
      ["0 0 L * *", "day-of-month", "L"],
      ["0 0 1,15W * *", "day-of-month", "15W"],
      ["0 0 last * *", "day-of-month", "last"],
      ["0 0 ? * *", "day-of-month", "?"],
      ["0 0 * * mon,5#2", "day-of-week", "5#2"],
      ["0 0 * * 5L", "day-of-week", "5L"],
      ["0 22-2 * * *", "hour", "22-2"],
      ["0 0 * nov-feb *", "month", "nov-feb"],
      ["0 0 * * sat-mon", "day-of-week", "sat-mon"],
      ["0 0 * * fri-sun", "day-of-week", "fri-sun"],
      ["0 0 * * 6-1/2", "day-of-week", "6-1/2"]
    ]
    for (const [times = "", field, found = ""] of refused)
      expect(faultsOf(`${times} run`)).toMatchObject([{ field, found, column: times.indexOf(found) + 1 }])
    for (const times of [
      "0 0 * jan-mar,jul wed",
      "0 0 * * fri-7",
      "0 0 * * sun-sat",
      "0 0 * * 0-7/2",
      "5-5 0 1-31/2 * *"
    ])
      expect(readCrontab(`${times} run`)).toHaveLength(1)
  })

  it.for(['"A=B"=c', "'A='=c"])("takes %s for no variable: a name has no equals sign", (line) => {
    expect(faultsOf(`${line}\n@daily run`)).toMatchObject([{ line: 1 }])
  })

  it.for(['A="b', "A='b", 'A="', 'A="b" c', "A='b'c'", `A="b"#c`, `CRON_TZ="UTC" x`])(
    "refuses %j, as cron does: a quote ends, and nothing is behind it",
    (line) => {
      expect(faultsOf(`${line}\n@daily run`)).toMatchObject([
        { line: 1, field: "value", found: line.slice(line.indexOf("=") + 1) }
      ])
    }
  )

  it("tells of a field that is none before it tells what cron lacks", () => {
    expect(faultsOf("${WHEN} run /all --late now")).toMatchObject([{ column: 1, field: "minute", found: "${WHEN}" }])
  })

  it("takes at most 1,000 variables, as cronie does", () => {
    const lines = Array.from({ length: 1001 }, (_, index) => `V${index}=x`)
    expect(readCrontab([...lines.slice(0, 1000), "V0=y", "@daily run"].join("\n"))[0]?.environment["V0"]).toBe("y")
    expect(faultsOf(lines.join("\n"))).toMatchObject([{ line: 1001, column: 1, field: "variable", found: "V1000" }])
  })

  it.for([
    ["a value with blanks inside", `A=x${" \t".repeat(500_000)}y`],
    ["blanks at the end", `A=x${" \t".repeat(500_000)}`],
    ["a quoted value", `A="${"x ".repeat(500_000)}"`],
    ["a quote that does not end", `A="${"x ".repeat(500_000)}`],
    ["quotes", `A=${'"'.repeat(500_000)}`],
    ["a name", `${"x".repeat(500_000)}${" ".repeat(500_000)}`],
    ["a command", `* * * * * a${" \\".repeat(300_000)}${"%".repeat(300_000)}`],
    ["percent signs", `* * * * * ${"\\%".repeat(300_000)}`],
    ["entries", "* * * * * run\n".repeat(20_000)],
    ["variables and entries", "A=1\n* * * * * run\n".repeat(20_000)],
    ["blank lines", " \n".repeat(500_000)],
    ["one time field", "1,".repeat(500_000)]
  ])("reads a long file in linear time: %s", ([, text = ""]) => {
    const startedMs = cpuMs()
    faultsOf(text)
    // Some tens of milliseconds; what grows with the square takes minutes.
    expect(cpuMs() - startedMs).toBeLessThan(3000)
  })

  it("says file, line and column", () => {
    expect(() => readCrontab("\n0 25 * * * run", { file: "jobs.cron" })).toThrow(
      'jobs.cron:2:3: hour is "25", expected 0-23'
    )
  })
})
