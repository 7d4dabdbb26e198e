/** Fire times from outside: a stream that the program registers by name. */
import { unquoted } from "../input/inWords.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { onlyFields, optionalText } from "./storedForm.ts"
import type { Trigger, TriggerCodec, TriggerSpec } from "./trigger.ts"

/** Each emission of the stream registered as `name` is a fire time; `next` always gives `undefined`. Throws `InvalidTriggerError`. */
export const stream = (name: string): Trigger => {
  const given: unknown = name
  if (typeof given !== "string" || given === "") {
    throw new InvalidTriggerError({
      trigger: "stream",
      field: "stream",
      found: unquoted(given),
      expected: "the name of a stream"
    })
  }
  return new StreamTrigger(name)
}

/** Reads the stored form: `stream`, the name. */
export const streamCodec: TriggerCodec = {
  type: "stream",
  fromJSON: (spec) => {
    onlyFields(spec, ["stream"])
    return stream(optionalText(spec, "stream") ?? "")
  }
}

class StreamTrigger implements Trigger {
  readonly type = "stream"
  readonly stream: string

  constructor(stream: string) {
    this.stream = stream
  }

  next(): undefined {
    return undefined
  }

  toJSON(): TriggerSpec {
    return { type: this.type, stream: this.stream }
  }
}
