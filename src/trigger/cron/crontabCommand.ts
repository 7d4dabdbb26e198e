/** The command of a crontab entry and the input that a `%` begins. */

/**
 * The first `%` ends the command, the others end lines of its input; `\%` is a percent sign in both. In the command a backslash takes the
 * character after it, so that `\\%` is two backslashes and an end; in the input only a `%` is looked at, and `\\%` is a backslash and a percent
 * sign. Source: cronie's do_command.c, whose two loops differ so.
 */
export const splitCommand = (text: string): { readonly command: string; readonly input?: string } => {
  let end = text.length
  for (const { 0: found, index } of text.matchAll(/\\.|%/g)) {
    if (found !== "%") continue
    end = index
    break
  }
  const command = text.slice(0, end).replace(/\\(.)/g, (pair, taken: string) => (taken === "%" ? taken : pair))
  if (end === text.length) {
    const trimmed = command.trimEnd()
    // A backslash keeps the blank behind it.
    return { command: trimmed.endsWith("\\") ? command : trimmed }
  }
  const input = text.slice(end + 1).replace(/\\?%/g, (found) => (found === "%" ? "\n" : "%"))
  return { command, input }
}
