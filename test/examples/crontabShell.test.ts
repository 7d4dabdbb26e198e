import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { userInfo } from "node:os"
import { describe, expect, it } from "vitest"
import { createScheduler, date } from "carillon"
import type { CommandProcesses } from "../../examples/crontab/commandProcess.ts"
import { commandProcesses, setpriv } from "../../examples/crontab/commandProcess.ts"
import { maxKept, OutputTail } from "../../examples/crontab/outputTail.ts"
import type { ShellCommand } from "../../examples/crontab/shellTask.ts"
import { shellTask } from "../../examples/crontab/shellTask.ts"

describe("commandProcesses", () => {
  it("gives the command its input, directory and environment, and its lines as they come", async () => {
    const { end, lines } = runIn(commandProcesses({ killGraceMs: 1000 }), {
      command: "cat; echo $NAME; pwd; echo problem >&2",
      input: "one\ntwo\n",
      environment: { NAME: "value" }
    })
    expect(await end).toEqual({ code: 0, signal: null, output: expect.stringContaining("value\n/\n") as string })
    expect([...lines].sort()).toEqual(["/", "one", "problem", "two", "value"])
  })

  it("does not wait for a daemon that holds the output open", async () => {
    const processes = commandProcesses({ killGraceMs: 1000 })
    const { end } = runIn(processes, { command: "sleep 30 & echo $!" })
    const { code, output } = await end
    process.kill(Number(output))
    expect(code).toBe(0)
  })

  it("ends the whole group with SIGTERM", async () => {
    const processes = commandProcesses({ killGraceMs: 60_000 })
    const { end, lines, abort, line } = runIn(processes, { command: "sleep 60 & echo $!; wait" })
    await line
    expect(processes.running).toBe(1)
    abort()
    expect(await end).toMatchObject({ code: null, signal: "SIGTERM" })
    expect(isAlive(Number(lines[0]))).toBe(false)
    expect(processes.running).toBe(0)
  })

  it("kills a group that does not follow SIGTERM within the grace", async () => {
    const { end, abort, line } = runIn(commandProcesses({ killGraceMs: 50 }), {
      command: "trap '' TERM; echo up; while :; do sleep 1; done"
    })
    await line
    abort()
    expect(await end).toMatchObject({ code: null, signal: "SIGKILL" })
  })

  it("kills every group at once", async () => {
    const processes = commandProcesses({ killGraceMs: 60_000 })
    const { end, line } = runIn(processes, { command: "echo up; sleep 60" })
    await line
    processes.killAll()
    expect(await end).toMatchObject({ code: null, signal: "SIGKILL" })
    await processes.ended()
  })

  it("starts nothing after an abort, and says when a shell is not there", async () => {
    const processes = commandProcesses({ killGraceMs: 1000 })
    const aborted = new Error("aborted")
    const options = { command: "true", shell: "/bin/sh", directory: "/", environment: {}, input: "", onLines: () => {} }
    await expect(processes.run({ ...options, signal: AbortSignal.abort(aborted) })).rejects.toBe(aborted)
    const missing = processes.run({ ...options, shell: "/no/shell", signal: new AbortController().signal })
    await expect(missing).rejects.toMatchObject({ code: "ENOENT" })
    expect(processes.running).toBe(0)
  })
})

describe("OutputTail", () => {
  it("keeps the end, tells whole lines, and cuts no letter in two", () => {
    const told: Array<string> = []
    const tail = new OutputTail((lines) => told.push(...lines))
    tail.take("first\nsec")
    tail.take("ond\nthird")
    expect(told).toEqual(["first", "second"])
    tail.end()
    expect(told).toEqual(["first", "second", "third"])
    tail.take("🎉".repeat(maxKept) + "!")
    expect(tail.text).toHaveLength(maxKept)
    expect(tail.text.startsWith("\ufffd🎉")).toBe(true)
  })
})

describe("shellTask", () => {
  it("succeeds with the output and uses the crontab's environment", async () => {
    const { outcome, result } = await settled({ command: 'echo "$A $HOME $0"', environment: { A: "b", HOME: "/" } })
    expect([outcome, result]).toEqual(["succeeded", { output: "b / /bin/sh\n" }])
  })

  it.for([
    [undefined, ""],
    ["one\ntwo", "one\ntwo\n"],
    ["one\n", "one\n"]
  ] as const)("gives the input %j as %j: its last line ends, as in cron", async ([input, output]) => {
    const { result } = await settled({ command: "cat", environment: {}, ...(input === undefined ? {} : { input }) })
    expect(result).toEqual({ output })
  })

  it("has cron's PATH unless the file sets another, and no file says who it is", async () => {
    const command = 'echo "$PATH $LOGNAME $USER"'
    const { username } = userInfo()
    const own = await settled({ command, environment: { LOGNAME: "somebody", USER: "somebody" } })
    expect(own.result).toEqual({ output: `/usr/bin:/bin ${username} ${username}\n` })
    const given = await settled({ command, environment: { PATH: "/opt:/bin" } })
    expect(given.result).toEqual({ output: `/opt:/bin ${username} ${username}\n` })
  })

  it.skipIf(process.getuid?.() !== 0 || !existsSync(setpriv))(
    "as root it runs another user's line with all of that user's groups",
    async () => {
      for (const user of ["daemon", usersOfGroups()[0] ?? "daemon"]) {
        const groups = execFileSync("id", ["-G", user]).toString().trim().split(" ").sort()
        const command = 'id -G; id -un; echo "$LOGNAME $USER $HOME"'
        const { result } = await settled({ command, user, environment: { LOGNAME: "root", USER: "root" } })
        const [shown = "", name, who] = (result as { readonly output: string }).output.split("\n")
        expect(shown.split(" ").sort()).toEqual(groups)
        expect([name, who]).toEqual([user, `${user} ${user} ${homeOf(user)}`])
      }
    }
  )

  it("fails with the exit code and the last lines", async () => {
    const { outcome, error } = await settled({
      command: "for n in 1 2 3 4 5 6 7; do echo $n; done; exit 3",
      environment: {}
    })
    expect(outcome).toBe("failed")
    expect(error).toMatchObject({ name: "CommandFailed", message: "exit code 3: 3\n4\n5\n6\n7" })
  })

  it("refuses a user that it cannot become", async () => {
    const { outcome, error } = await settled({ command: "true", user: "nobody-of-this-name", environment: {} })
    expect([outcome, error?.name]).toEqual(["failed", "UserRefused"])
  })
})

/** Users that are members of a group beside their own. */
const usersOfGroups = (): ReadonlyArray<string> =>
  execFileSync("getent", ["group"])
    .toString()
    .split("\n")
    .flatMap((line) => line.split(":")[3]?.split(",") ?? [])
    .filter((user) => user !== "" && user !== "root")

const homeOf = (user: string): string => execFileSync("getent", ["passwd", user]).toString().split(":")[5] ?? ""

const settled = async (args: ShellCommand) => {
  const shell = shellTask(commandProcesses({ killGraceMs: 1000 }))
  await using scheduler = createScheduler({ tasks: [shell] })
  await scheduler.start()
  await scheduler.addJob({ id: "job", task: shell, args, trigger: date("2999-01-01T00:00:00Z") })
  return await (await scheduler.runJob("job")).settled()
}

interface Given {
  readonly command: string
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

const runIn = (processes: CommandProcesses, { command, input = "", environment = {} }: Given) => {
  const lines: Array<string> = []
  const controller = new AbortController()
  let told: () => void = () => {}
  const line = new Promise<void>((resolve) => {
    told = resolve
  })
  const end = processes.run({
    shell: "/bin/sh",
    command,
    input,
    environment: { PATH: process.env["PATH"] ?? "", ...environment },
    directory: "/",
    signal: controller.signal,
    onLines: (more) => {
      lines.push(...more)
      told()
    }
  })
  return { end, lines, line, abort: () => controller.abort() }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
