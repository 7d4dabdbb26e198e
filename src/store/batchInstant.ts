/** When a batch happened, as far as its rows tell. Holds no clock. */
import type { EpochMillis } from "../time/instant.ts"
import type { StoreBatch } from "./jobStore.ts"

/** `batch.at`, else the latest instant of its rows, else `otherwise`. Wake-ups and fire times do not count: they may lie ahead. */
export const batchInstant = (batch: StoreBatch, otherwise: EpochMillis): EpochMillis => {
  if (batch.at !== undefined) {
    return batch.at
  }
  let latest = -Infinity
  for (const row of batch.settled) latest = Math.max(latest, row.finishedAt ?? row.startedAt ?? -Infinity)
  for (const row of batch.claims) latest = Math.max(latest, row.claimedAt)
  for (const row of batch.ledger) latest = Math.max(latest, row.at)
  for (const row of batch.added) latest = Math.max(latest, row.addedAt)
  for (const row of batch.removed) latest = Math.max(latest, row.removedAt)
  return latest === -Infinity ? otherwise : latest
}
