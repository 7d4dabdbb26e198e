/**
 * The ids of events that are stored, and what `eventsAfter$` takes: a place in the history of each store. Text that compares as the
 * places do, so ids of one scheduler are in the order in which the events were told. Nobody but this file reads them.
 */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"

/** A place in the history of a store. */
export interface EventPlace {
  /** Of a commit; 0: before the first. */
  readonly number: number
  /** The last event that lies before this place, counted in its commit from 0; `null`: all of them do. */
  readonly index: number | null
  /** The owner that made the commit: where the store has another at that number, the place is of another history. Empty: not known. */
  readonly era: string
}

/** By the stores' names. */
export type EventPlaces = ReadonlyMap<string, EventPlace>

/** `eventsAfter$` was given what is no id of an event, or one of a history that the store does not have. */
export class InvalidCursorError extends Data.TaggedError("InvalidCursorError")<{
  /** What was given. */
  readonly cursor: unknown
  /** `unreadable`: no id. `otherStore`: of another store or another copy of it. `ahead`: of a commit that the store does not have. */
  readonly reason: "unreadable" | "otherStore" | "ahead"
  /** Which store; `null`: none can be told. */
  readonly store: string | null
}> {
  override get message(): string {
    const found = `eventsAfter$: ${inWords(this.cursor)}`
    switch (this.reason) {
      case "unreadable":
        return `${found} is no event's id; expected the id of an event, or "oldest"`
      case "otherStore":
        return `${found} is the id of an event that store "${this.store}" has not told; begin anew with "oldest"`
      case "ahead":
        return `${found} is later than all that store "${this.store}" has told, which may be an older copy; begin anew with "oldest"`
    }
  }
}

/** Of a scheduler whose stores stand there. One that is called `default` and is the only one is not named. */
export const eventId = (places: EventPlaces): string => {
  const [only] = places
  if (places.size === 1 && only?.[0] === "default") return placeText(only[1])
  return [...places]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, place]) => `${encodeURIComponent(name)}:${placeText(place)}`)
    .join(",")
}

/** Throws `InvalidCursorError`. */
export const readEventId = (cursor: unknown): EventPlaces => {
  const unreadable = (): InvalidCursorError => new InvalidCursorError({ cursor, reason: "unreadable", store: null })
  if (typeof cursor !== "string" || cursor.length > longest) throw unreadable()
  const places = new Map<string, EventPlace>()
  for (const part of cursor.split(",")) {
    const colon = part.indexOf(":")
    const place = readPlace(part.slice(colon + 1))
    const name = colon === -1 ? "default" : decoded(part.slice(0, colon))
    if (place === null || name === null || places.has(name)) throw unreadable()
    places.set(name, place)
  }
  // What was cut short or changed by hand is none.
  if (eventId(places) !== cursor) throw unreadable()
  return places
}

/** Of a hundred stores with long names. */
const longest = 65_536

const placeText = ({ number, index, era }: EventPlace): string =>
  `${ordered(number)}.${index === null ? "z" : ordered(index)}${era === "" ? "" : `.${era}`}`

/** In base 36 after its length, so that text compares as numbers do. */
const ordered = (number: number): string => {
  const digits = number.toString(36)
  return `${digits.length.toString(36)}${digits}`
}

const readPlace = (text: string): EventPlace | null => {
  const [, number, index, era = ""] = /^([a-z0-9]{2,12})\.(z|[a-z0-9]{2,12})(?:\.([a-z0-9]{1,30}))?$/.exec(text) ?? []
  if (number === undefined || index === undefined) return null
  const place = { number: read(number), index: index === "z" ? null : read(index), era }
  return Number.isSafeInteger(place.number) && (place.index === null || Number.isSafeInteger(place.index))
    ? place
    : null
}

const read = (text: string): number => parseInt(text.slice(1), 36)

const decoded = (name: string): string | null => {
  try {
    return decodeURIComponent(name)
  } catch {
    return null
  }
}
