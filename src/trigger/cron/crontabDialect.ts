/** Cron text that the programs cronie and Vixie cron do not take, though others do. Source: cronie's entry.c, `get_range`. */

/** The macros of cron, which it takes in small letters only (cronie's entry.c, `load_entry`). */
export const crontabMacros: ReadonlyArray<string> = [
  "@yearly",
  "@annually",
  "@monthly",
  "@weekly",
  "@daily",
  "@midnight",
  "@hourly",
  "@reboot"
]

/** What cron would have in the place of `item`; `null` where it is content. */
export const foreignTo = (field: string, item: string): string | null => {
  if (/^[^*/-]+\//.test(item)) return "a step of * or of a range, such as 5-59/15"
  if (item.includes("?")) return "*"
  if (field === "day-of-month" && /[a-z]/i.test(item)) return "days by number: cron knows no L, W or last"
  if (field === "day-of-week" && /#|\dl$|^l/i.test(item)) return "weekdays: cron knows no # and no L"
  const [, from = "", through = ""] = /^(\w+)-(\w+)/.exec(item) ?? []
  return numberIn(field, from) > numberIn(field, through) ? "a range that goes up; write two of them" : null
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

/** A name of a weekday is the first of the week's numbers that it may have; NaN for anything else. */
const numberIn = (field: string, text: string): number => {
  if (/^\d+$/.test(text)) return Number(text)
  const name = text.toLowerCase()
  const at = field === "month" ? months.indexOf(name) + 1 : weekdays.indexOf(name)
  return at < (field === "month" ? 1 : 0) ? NaN : at
}
