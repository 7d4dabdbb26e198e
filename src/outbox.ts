/** `carillon/outbox`: jobs added in a program's own SQL transaction, through Effect's `SqlClient`. */
export { Outbox, type OutboxAddError, type OutboxOptions } from "./outbox/outbox.ts"
export type { OutboxJobInput } from "./outbox/outboxJob.ts"
