/** One command in a process group of its own: output captured, the whole group stopped on demand. Knows no crontab. */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { OutputTail } from "./outputTail.ts"

export interface CommandOptions {
  readonly shell: string
  readonly command: string
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  readonly input: string
  /** Another user's ids; only root may give them. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
  readonly signal: AbortSignal
  /** Whole lines of standard output and error, as they come. */
  readonly onLines: (lines: ReadonlyArray<string>) => void
}

export interface CommandEnd {
  /** `null` when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it printed. */
  readonly output: string
}

export interface CommandProcesses {
  /** Rejects when the command cannot be started. After an abort it ends when the whole group has. */
  run(options: CommandOptions): Promise<CommandEnd>
  /** Groups that are alive. */
  readonly running: number
  /** Resolves when none is left. */
  ended(): Promise<void>
  /** SIGKILL for every group, at once. */
  killAll(): void
}

/** How long a command that has exited may leave its output open, in milliseconds: a daemon that it started may hold it for ever. */
const outputGraceMs = 500

/** `killGraceMs`: how long a group may take to follow SIGTERM before it gets SIGKILL. */
export const commandProcesses = ({ killGraceMs }: { readonly killGraceMs: number }): CommandProcesses => {
  const live = new Map<number, Promise<unknown>>()

  const run = async (options: CommandOptions): Promise<CommandEnd> => {
    options.signal.throwIfAborted()
    const child = start(options)
    const { pid } = child
    const ended = endOf(child, options)
    if (pid === undefined) return ended
    const stop = () => signalGroup(pid, "SIGTERM")
    options.signal.addEventListener("abort", stop)
    const gone = ended.finally(() => options.signal.removeEventListener("abort", stop))
    const settled = whenAborted(options.signal, pid, gone, killGraceMs)
    live.set(
      pid,
      settled.catch(() => {})
    )
    try {
      return await settled
    } finally {
      live.delete(pid)
    }
  }

  return {
    run,
    get running() {
      return live.size
    },
    ended: async () => {
      await Promise.all(live.values())
    },
    killAll: () => {
      for (const pid of live.keys()) signalGroup(pid, "SIGKILL")
    }
  }
}

const start = ({ shell, command, directory, environment, owner }: CommandOptions): ChildProcess =>
  owner === undefined
    ? spawn(shell, ["-c", command], { cwd: directory, env: { ...environment }, detached: true })
    : spawn(setpriv, [...asOwner(owner), "--", shell, "-c", command], {
        cwd: directory,
        env: { ...environment },
        detached: true
      })

/** Of util-linux. Node's own `uid` and `gid` would leave the command without the supplementary groups that cron gives. */
export const setpriv = "/usr/bin/setpriv"

const asOwner = ({ uid, gid }: { readonly uid: number; readonly gid: number }): ReadonlyArray<string> => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  "--init-groups"
]

const endOf = (child: ChildProcess, { input, onLines }: CommandOptions): Promise<CommandEnd> =>
  new Promise((resolve, reject) => {
    const tail = new OutputTail(onLines)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => tail.take(text))
    }
    // A command need not read its input.
    child.stdin?.on("error", () => {})
    child.stdin?.end(input)
    let open: NodeJS.Timeout | undefined
    child.once("error", reject)
    child.once("exit", () => {
      open = setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, outputGraceMs)
    })
    child.once("close", (code, signal) => {
      clearTimeout(open)
      tail.end()
      resolve({ code, signal, output: tail.text })
    })
  })

/** An aborted command's children may outlive it: waits for them too, and kills what is left after the grace. */
const whenAborted = (
  signal: AbortSignal,
  pid: number,
  gone: Promise<CommandEnd>,
  killGraceMs: number
): Promise<CommandEnd> =>
  new Promise((resolve, reject) => {
    let killer: NodeJS.Timeout | undefined
    let killed = false
    const arm = () => {
      killer = setTimeout(() => {
        killed = true
        signalGroup(pid, "SIGKILL")
      }, killGraceMs)
    }
    if (signal.aborted) arm()
    else signal.addEventListener("abort", arm)
    const settle = (finish: () => void) => {
      if (signal.aborted && !killed && signalGroup(pid, 0)) {
        setTimeout(() => settle(finish), 20)
        return
      }
      signal.removeEventListener("abort", arm)
      clearTimeout(killer)
      finish()
    }
    gone.then(
      (end) => settle(() => resolve(end)),
      (error: unknown) => settle(() => reject(error))
    )
  })

/** False when the group is gone. */
const signalGroup = (pid: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}
