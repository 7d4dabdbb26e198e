/** An order on its way: what leaves for an executor, and who hears of it. */
import type { RunOrder, Settlement } from "../executor/executor.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"

/** An order, and where its outcome goes. The order alone leaves for the executor: it is data. */
export interface DispatchedOrder {
  readonly order: RunOrder
  readonly executor: string
  readonly source: OrderSource
  readonly jobKey: number
  readonly runKey: number
}

/** Who sent an order and takes its news. */
export interface OrderSource {
  started(dispatched: DispatchedOrder, at: EpochMillis): void
  progressed(dispatched: DispatchedOrder, value: Json): void
  settled(dispatched: DispatchedOrder, settlement: Settlement): void
}
