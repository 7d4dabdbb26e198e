/** One schedule of an export, read field by field: what has the wrong type is refused, what nobody has asked for is told as left out. */
import { inWords } from "../../input/inWords.ts"
import { cron } from "../../trigger/cron/cron.ts"
import { cronParser } from "../../trigger/cronParser/cronParser.ts"
import { InvalidTriggerError } from "../../trigger/invalidTrigger.ts"
import type { Trigger } from "../../trigger/trigger.ts"
import { UnknownTimezoneError } from "../../time/zone.ts"

/** Whose reading of cron text. */
export type CronSource = "cron-parser" | "cron"

/** A change of one entry: which part, what it was, what it becomes. */
export interface EntryChange {
  readonly field: string
  readonly found: string
  readonly becomes: string
}

/** Makes the error of an import: where, what, and what would do. */
export type RefuseEntry = (place: string, found: string, expected: string) => Error

export class SourceEntry {
  private readonly changes: Array<EntryChange> = []
  private readonly parts = new Map<string, SourceEntry>()
  private readonly fields: ReadonlyMap<string, unknown>
  private readonly place: string
  private readonly cronSource: CronSource
  private readonly refuse: RefuseEntry
  private readonly asked = new Set<string>()

  constructor(fields: object, place: string, cronSource: CronSource, refuse: RefuseEntry) {
    this.fields = new Map(Object.entries(fields))
    this.place = place
    this.cronSource = cronSource
    this.refuse = refuse
  }

  /** The value of a field; `undefined` where it is `null` or not there. */
  value(field: string): unknown {
    this.asked.add(field)
    return this.fields.get(field) ?? undefined
  }

  /** Fields that say nothing of the schedule, such as when it fired last. */
  ignore(...fields: ReadonlyArray<string>): void {
    for (const field of fields) this.asked.add(field)
  }

  text(field: string): string | undefined {
    const value = this.value(field)
    if (value === undefined || (typeof value === "string" && value !== "")) return value
    throw this.refused(field, "text")
  }

  requiredText(field: string): string {
    const text = this.text(field)
    if (text === undefined) throw this.refused(field, "text")
    return text
  }

  /** At least `least`. BullMQ's numbers come as text now and then. */
  number(field: string, least = 0): number | undefined {
    const value = this.value(field)
    if (value === undefined) return undefined
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value
    if (typeof number === "number" && Number.isFinite(number) && number >= least) return number
    throw this.refused(field, `a number of at least ${least}`)
  }

  flag(field: string): boolean {
    const value = this.value(field)
    if (value === undefined || typeof value === "boolean") return value === true
    throw this.refused(field, "true or false")
  }

  /** Epoch milliseconds of a number, ISO text, or MongoDB's `{ $date }`. */
  instant(field: string): number | undefined {
    const value = this.value(field)
    const told = typeof value === "object" && value !== null && "$date" in value ? value.$date : value
    const text = typeof told === "object" && told !== null && "$numberLong" in told ? Number(told.$numberLong) : told
    if (text === undefined) return undefined
    const at = typeof text === "number" ? text : typeof text === "string" ? Date.parse(text) : Number.NaN
    if (Number.isFinite(at)) return at
    throw this.refused(field, "an instant")
  }

  /** A field that is an object, to be read like an entry; its changes are told with this one's. */
  nested(field: string): SourceEntry {
    const value = this.value(field) ?? {}
    if (typeof value !== "object" || Array.isArray(value)) throw this.refused(field, "an object")
    const part = new SourceEntry(value, `${this.place}.${field}`, this.cronSource, this.refuse)
    this.parts.set(field, part)
    return part
  }

  /** A trigger of cron text, by the reader that the import asks for. */
  cron(field: string, timezone: string | undefined, start?: number, end?: number): Trigger {
    const text = this.requiredText(field)
    return this.checked(field, () =>
      this.cronSource === "cron" ? cron(text, { timezone, start, end }) : cronParser(text, { timezone, start, end })
    )
  }

  /** What `make` gives; its refusal names the field. */
  checked<A>(field: string, make: () => A): A {
    try {
      return make()
    } catch (fault) {
      if (fault instanceof InvalidTriggerError || fault instanceof UnknownTimezoneError)
        throw this.refused(field, `what can be read: ${fault.message}`)
      throw fault
    }
  }

  /** Tells a change; `found` is what the field holds. */
  changed(field: string, becomes: string, found = inWords(this.fields.get(field) ?? "nothing")): void {
    this.changes.push({ field, found, becomes })
  }

  /** All changes, with what nobody has asked for. */
  finish(): ReadonlyArray<EntryChange> {
    const parts = [...this.parts].flatMap(([name, part]) =>
      part.finish().map((change) => ({ ...change, field: `${name}.${change.field}` }))
    )
    for (const [field, value] of this.fields)
      if (!this.asked.has(field) && value !== null) this.changed(field, "left out: nothing here stands for it")
    return [...this.changes, ...parts]
  }

  refused(field: string, expected: string): Error {
    return this.refuse(`${this.place}.${field}`, inWords(this.fields.get(field)), expected)
  }
}
