/** The task behind every line of a crontab: runs its command as cron does, in the crontab's environment. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { userInfo } from "node:os"
import { task } from "carillon"
import { Data, Schema } from "effect"
import { setpriv } from "./commandProcess.ts"
import type { CommandEnd, CommandProcesses } from "./commandProcess.ts"

const ShellCommand = Schema.Struct({
  command: Schema.String,
  /** Standard input; default: none. */
  input: Schema.optionalWith(Schema.String, { exact: true }),
  /** Default: whoever runs the scheduler. */
  user: Schema.optionalWith(Schema.String, { exact: true }),
  environment: Schema.Record({ key: Schema.String, value: Schema.String })
})

export type ShellCommand = typeof ShellCommand.Type

/** The command ended with anything but exit code 0. */
export class CommandFailed extends Data.TaggedError("CommandFailed")<CommandEnd> {
  override get message(): string {
    const how = this.signal === null ? `exit code ${this.code ?? "unknown"}` : `ended by ${this.signal}`
    const said = this.output.trimEnd().split("\n").slice(-5).join("\n")
    return said === "" ? how : `${how}: ${said}`
  }
}

/** The line's user is unknown, or not the scheduler's own and the scheduler is not root. */
export class UserRefused extends Data.TaggedError("UserRefused")<{ readonly user: string; readonly reason: string }> {
  override get message(): string {
    return `cannot run as ${this.user}: ${this.reason}`
  }
}

/** Succeeds with `{ output }`; each piece of output is progress `{ lines }`. Fails with `CommandFailed` and `UserRefused`. */
export const shellTask = (processes: CommandProcesses) =>
  task(
    "shell",
    async (context) => {
      const { command, input = "", user, environment } = context.args
      const owner = user === undefined ? undefined : ownerOf(user)
      const own = { ...ownEnvironment(), ...owner?.environment }
      // As in cron, a file may set anything but who it is.
      const settings = { ...own, ...environment, LOGNAME: own.LOGNAME, USER: own.USER }
      const end = await processes.run({
        shell: settings.SHELL,
        command,
        directory: directoryOf(settings["HOME"]),
        environment: settings,
        // As in cron, the last line ends, too.
        input: input === "" || input.endsWith("\n") ? input : `${input}\n`,
        owner: owner?.ids,
        signal: context.signal,
        onLines: (lines) => context.progress({ lines })
      })
      if (end.code !== 0) throw new CommandFailed(end)
      return { output: end.output }
    },
    { args: ShellCommand }
  )

/** Little, and of the terminal in which the scheduler was started only its language and zone; PATH is cron's unless the file sets it. */
const ownEnvironment = () => {
  const { username, homedir } = userInfo()
  const { LANG, TZ } = process.env
  return {
    SHELL: "/bin/sh",
    PATH: "/usr/bin:/bin",
    HOME: homedir,
    LOGNAME: username,
    USER: username,
    ...(LANG === undefined ? {} : { LANG }),
    ...(TZ === undefined ? {} : { TZ })
  }
}

const directoryOf = (home: string | undefined): string => (home !== undefined && existsSync(home) ? home : "/")

interface Owner {
  readonly ids?: { readonly uid: number; readonly gid: number }
  readonly environment: { readonly HOME?: string; readonly LOGNAME?: string; readonly USER?: string }
}

const ownerOf = (user: string): Owner => {
  if (user === userInfo().username) return { environment: {} }
  if (process.getuid?.() !== 0) {
    throw new UserRefused({ user, reason: `only root may; this is ${userInfo().username}` })
  }
  if (!existsSync(setpriv)) throw new UserRefused({ user, reason: `${setpriv} (of util-linux) is needed for that` })
  return {
    ids: { uid: idOf(user, "-u"), gid: idOf(user, "-g") },
    environment: { HOME: homeOf(user), LOGNAME: user, USER: user }
  }
}

const idOf = (user: string, which: "-u" | "-g"): number => {
  try {
    return Number(execFileSync("id", [which, "--", user], { stdio: ["ignore", "pipe", "ignore"] }).toString())
  } catch {
    throw new UserRefused({ user, reason: "there is no such user" })
  }
}

/** Field six of passwd(5). */
const homeOf = (user: string): string => {
  try {
    return execFileSync("getent", ["passwd", user]).toString().split(":")[5] ?? "/"
  } catch {
    return "/"
  }
}
