/** Instants, spans and commands' output as people read them in a terminal. Pure. */

/** A span: `7 ms`, `1.2 s`, `45 s`, `12 min`, `3.5 h`, `2.0 d`. Less than nothing is nothing. */
export const spanText = (spanMs: number): string => {
  const ms = Math.max(0, spanMs)
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 119.5) return `${Math.round(seconds)} s`
  if (seconds < 7170) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`
}

/** Wall time in `timezone`, and the date when it is not today's. */
export const timeText = (at: number, now: number, timezone: string): string => {
  const [day, time] = dayAndTime(at, timezone)
  return dayAndTime(now, timezone)[0] === day ? time : `${day} ${time}`
}

/** When something is to come, in at most 11 columns: `due`, `in 12 s`, `14:30:00`, `11-23 14:30`, and the day alone beyond a year's end. */
export const comingText = (at: number, now: number, timezone: string): string => {
  if (at <= now) return "due"
  if (at - now < 60_000) return `in ${spanText(at - now)}`
  const [day, time] = dayAndTime(at, timezone)
  const [today] = dayAndTime(now, timezone)
  if (day === today) return time
  return day.slice(0, 4) === today.slice(0, 4) ? `${day.slice(5)} ${time.slice(0, 5)}` : day
}

/** `1 fire time`, `2 fire times`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

/**
 * One line without control characters, of at most 1,000 letters: what a command prints or a user has named must not move the cursor. Tabs
 * become spaces, line ends ` / `.
 */
export const printable = (text: string): string =>
  (text.length > longestLine ? `${text.slice(0, longestLine)}…` : text)
    .replaceAll(ansiSequence, "")
    .trimEnd()
    .replaceAll("\t", "  ")
    .replaceAll("\n", " / ")
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "")

const longestLine = 1_000

const ansiSequence = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g

/** The printable text in lines of at most `width` columns, broken between words. */
export const wrapped = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of printable(text).split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`
    if (line !== "" && widthOf(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].map((each) => (widthOf(each) > width ? fitted(each, width) : each))
}

/** Columns that the text takes in a terminal, near enough: wide East Asian letters and emoji take two. */
export const widthOf = (text: string): number => {
  let width = 0
  for (const letter of text) width += widthOfLetter(letter)
  return width
}

/** Exactly `width` columns of printable text: padded, or cut with an ellipsis. */
export const fitted = (given: string, width: number): string => {
  const text = printable(given)
  const wide = widthOf(text)
  if (wide <= width) return text + " ".repeat(width - wide)
  let cut = ""
  let taken = 0
  for (const letter of text) {
    const next = taken + widthOfLetter(letter)
    if (next > width - 1) break
    cut += letter
    taken = next
  }
  return width < 1 ? "" : `${cut}…${" ".repeat(width - 1 - taken)}`
}

const widthOfLetter = (letter: string): number =>
  /\p{M}/u.test(letter)
    ? 0
    : /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(
          letter
        )
      ? 2
      : 1

const formats = new Map<string, Intl.DateTimeFormat>()

const dayAndTime = (at: number, timezone: string): readonly [string, string] => {
  let format = formats.get(timezone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: timezone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit"
    })
    formats.set(timezone, format)
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ""
  return [`${part("year")}-${part("month")}-${part("day")}`, `${part("hour")}:${part("minute")}:${part("second")}`]
}
