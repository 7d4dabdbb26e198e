/** Custom triggers under watch: an answer that takes too long is a fault, wherever in a trigger's tree it is given. */
import type { TimeBudget } from "./checkedTrigger.ts"
import { checkedNext } from "./checkedTrigger.ts"
import type { Trigger, TriggerCodec } from "./trigger.ts"

/** The codec, whose triggers throw `FaultyTriggerError` for an answer that breaks the contract or outruns the budget. */
export const watchedCodec = (codec: TriggerCodec, budget: TimeBudget): TriggerCodec => ({
  type: codec.type,
  fromJSON: (spec, read) => watched(codec.fromJSON(spec, read), budget)
})

const watched = (trigger: Trigger, budget: TimeBudget): Trigger => ({
  type: trigger.type,
  next: (after) => checkedNext(trigger, after, budget),
  toJSON: () => trigger.toJSON(),
  ...(trigger.previous === undefined ? {} : { previous: (before) => trigger.previous?.(before) }),
  ...(trigger.count === undefined ? {} : { count: (after, through) => trigger.count?.(after, through) }),
  ...(trigger.explain === undefined ? {} : { explain: (at) => trigger.explain?.(at) ?? [] }),
  ...(trigger.bind === undefined ? {} : { bind: (binding) => watched(trigger.bind?.(binding) ?? trigger, budget) }),
  ...(trigger.end === undefined ? {} : { end: trigger.end }),
  ...(trigger.after === undefined ? {} : { after: trigger.after }),
  ...(trigger.stream === undefined ? {} : { stream: trigger.stream })
})
