/** The crontab program as a child process whose lines are waited for. */
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { examplePrograms } from "./runExample.ts"

const root = new URL("../..", import.meta.url).pathname

export interface Ended {
  readonly code: number | null
  readonly out: string
}

export interface Program {
  /** Resolves when standard output or error has a line that matches; rejects with all of it when the program ends first. */
  line(pattern: RegExp): Promise<string>
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

/** A directory for one test's crontab and database. */
export const workplace = () => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-crontab-"))
  const crontab = join(directory, "crontab")
  return {
    directory,
    crontab,
    db: join(directory, "jobs.db"),
    write: (text: string) => writeFileSync(crontab, text),
    remove: () => rmSync(directory, { recursive: true, force: true })
  }
}

export const startProgram = async (words: ReadonlyArray<string>): Promise<Program> =>
  run(process.execPath, [await mainProgram(), ...words])

/** In a pseudo terminal; `texts` are what it waits for before it grows, and before Ctrl-C is typed. */
export const startInTerminal = async (
  texts: readonly [string, string],
  words: ReadonlyArray<string>
): Promise<Program> =>
  run("python3", ["test/examples/pseudoTerminal.py", ...texts, process.execPath, await mainProgram(), ...words])

const mainProgram = async (): Promise<string> => (await examplePrograms())["crontab"] ?? ""

/** Ends what a failed test has left running. */
export const endPrograms = async (): Promise<void> => {
  for (const child of live.keys()) child.kill("SIGKILL")
  await Promise.all(live.values())
}

const live = new Map<ChildProcess, Promise<Ended>>()

const run = (command: string, words: ReadonlyArray<string>): Program => {
  // Under npm a second signal counts only after a while.
  const { NO_COLOR: _, FORCE_COLOR: __, npm_lifecycle_event: ___, ...environment } = process.env
  const child = spawn(command, words, {
    cwd: root,
    env: { ...environment, TZ: "UTC", TERM: "xterm" },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let out = ""
  let over = false
  const watchers = new Set<() => void>()
  const look = () => {
    for (const watcher of watchers) watcher()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      out += text
      look()
    })
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => {
      over = true
      live.delete(child)
      resolve({ code, out })
      look()
    })
  })
  live.set(child, ended)
  return {
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const watcher = () => {
          const found = out
            .split("\n")
            .slice(0, -1)
            .find((line) => pattern.test(line))
          if (found === undefined && !over) return
          watchers.delete(watcher)
          if (found === undefined) reject(new Error(`ended without ${String(pattern)}:\n${out}`))
          else resolve(found)
        }
        watchers.add(watcher)
        watcher()
      }),
    signal: (signal) => void child.kill(signal),
    ended
  }
}
