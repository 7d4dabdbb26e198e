/** Events that are sent to runs from outside: what may be one, and how it travels. Knows no machine. */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import type { Json } from "../trigger/trigger.ts"
import type { JsonLimits } from "./jsonText.ts"
import { NotJsonError, toJson } from "./jsonText.ts"
import { pathText } from "./pathText.ts"

/** An event for the machine of a run. JSON, with a `type`. */
export interface RunEvent {
  /** Not empty, not `*`, and none of XState's own (`xstate.…`). */
  readonly type: string
  /** What else it says. */
  readonly [field: string]: Json
}

/** What may be sent to a run, as the compiler sees it: an event as it is, or one of an interface of one's own. JSON all the same. */
export type SentEvent =
  | RunEvent
  | {
      /** As of a `RunEvent`. */
      readonly type: string
    }

/** An event on its way to a run. Plain data. */
export interface RunMessage {
  /** Above that of every earlier one to the same run; one that is not has come before. */
  readonly number: number
  /** For the run's machine. */
  readonly event: RunEvent
}

/** What was given to `sendToRun` is no event for a machine. Nothing is written. */
export class InvalidEventError extends Data.TaggedError("InvalidEventError")<{
  /** The run that it was for. */
  readonly runId: string
  /** Keys and indexes from the event's root, such as `["order", "due"]`; empty for the event itself. */
  readonly path: ReadonlyArray<string | number>
  /** What is there, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    const { runId, path, found, expected } = this
    const where = path.length === 0 ? "the event" : `${pathText(path)} of the event`
    return `sendToRun: run ${inWords(runId)}: ${where} is ${found}, expected ${expected}`
  }
}

/** 100 levels, 65,536 characters of JSON text. */
export const eventLimits: JsonLimits = { depth: 100, length: 65_536 }

/** The text of `event`, as it is kept. Throws `InvalidEventError`. */
export const eventText = (runId: string, event: unknown): string => {
  const refusal = (path: ReadonlyArray<string | number>, found: string, expected: string): InvalidEventError =>
    new InvalidEventError({ runId, path, found, expected })
  if (isUnreadable(event)) throw refusal([], unreadableText, "an object that can be read")
  if (typeof event !== "object" || event === null || Array.isArray(event))
    throw refusal([], inWords(event), `an object with a type, such as { type: "paid" }`)
  try {
    const json = toJson(event, eventLimits)
    const { type } = json as { readonly type?: Json }
    if (typeof type !== "string" || type === "") throw refusal(["type"], inWords(type), "a text that is not empty")
    if (type === "*" || type.startsWith("xstate."))
      throw refusal(["type"], inWords(type), "one of the machine's own events, not one of XState's")
    return JSON.stringify(json)
  } catch (error) {
    if (error instanceof NotJsonError) throw refusal(error.path, error.found, error.expected)
    throw error
  }
}

/** What `eventText` has made; `null`: damage has. */
export const eventOf = (text: string): RunEvent | null => {
  try {
    const event = JSON.parse(text) as Json
    const isEvent = typeof event === "object" && event !== null && "type" in event && typeof event["type"] === "string"
    return isEvent ? (event as RunEvent) : null
  } catch {
    return null
  }
}
