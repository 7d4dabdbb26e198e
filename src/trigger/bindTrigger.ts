/** Giving a trigger, and those inside it, to a job. */
import type { Trigger, TriggerBinding } from "./trigger.ts"

/** The trigger with every default settled; a trigger without `bind` has none. */
export const bindTrigger = (trigger: Trigger, binding: TriggerBinding): Trigger => trigger.bind?.(binding) ?? trigger

/** What a trigger hands on from the one inside it: that it follows runs, or a stream. */
export const inherited = (inner: Trigger): Pick<Trigger, "after" | "stream"> => ({
  ...(inner.after === undefined ? {} : { after: inner.after }),
  ...(inner.stream === undefined ? {} : { stream: inner.stream })
})
