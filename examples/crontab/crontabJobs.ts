/** A crontab's entries as jobs. Their ids are made from the lines, so that a line is the same job after every start. */
import { createHash } from "node:crypto"
import type { CrontabEntry, JobInput } from "carillon"
import { date } from "carillon"
import type { ShellCommand } from "./shellTask.ts"

/** Marks the jobs that a crontab owns: those of them that it no longer has are removed. */
export const crontabTag = "crontab"

export interface CrontabJob extends JobInput {
  readonly id: string
}

/**
 * In the order of the lines. The id is the name in a comment `# name: …` just above the line, else the command in short; a line
 * whose id is taken gets a mark made from its times and command. @reboot is the one fire time `rebootAt`, epoch milliseconds.
 */
export const crontabJobs = (
  text: string,
  entries: ReadonlyArray<CrontabEntry>,
  rebootAt: number
): ReadonlyArray<CrontabJob> => {
  const lines = text.split("\n")
  const taken = new Set<string>()
  return entries.map((entry) => {
    const id = freeId(givenName(lines, entry.line) ?? shortCommand(entry.command), entry, taken)
    taken.add(id)
    return {
      id,
      task: "shell",
      args: commandOf(entry),
      trigger: entry.reboot ? date(rebootAt) : entry.trigger,
      tags: [crontabTag],
      metadata: { schedule: entry.expression.replace(/\s+/g, " ") },
      ifExists: "replace"
    }
  })
}

const commandOf = ({ command, input, user, environment }: CrontabEntry): ShellCommand => ({
  command,
  environment,
  ...(input === undefined ? {} : { input }),
  ...(user === undefined ? {} : { user })
})

/** The comment lines directly above are looked through, the nearest first. `line` counts from 1. */
const givenName = (lines: ReadonlyArray<string>, line: number): string | undefined => {
  for (let index = line - 2; index >= 0; index--) {
    const comment = /^\s*#(.*)$/.exec(lines[index] ?? "")?.[1]
    if (comment === undefined) return undefined
    const name = /^\s*name:\s*(\S.{0,79}?)\s*$/.exec(comment)?.[1]
    if (name !== undefined) return name
  }
  return undefined
}

/** Longest id made from a command. */
const maxShort = 24

const shortCommand = (command: string): string => {
  const words = command.replace(/(?:[\w.~-]*\/)+([\w.-]+)/g, "$1")
  const short = words.replace(/[^\p{L}\p{N}._]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "")
  if (short.length <= maxShort) return short === "" ? `command-${hashOf(command)}` : short
  return `${short.slice(0, maxShort).replace(/[-.]?[^-.]*$/, "") || short.slice(0, maxShort)}-${hashOf(command)}`
}

const freeId = (id: string, { expression, command, user }: CrontabEntry, taken: ReadonlySet<string>): string => {
  if (!taken.has(id)) return id
  const marked = `${id}-${hashOf(JSON.stringify([expression, command, user]))}`
  let free = marked
  // The very same line twice.
  for (let count = 2; taken.has(free); count++) free = `${marked}-${count}`
  return free
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 6)
