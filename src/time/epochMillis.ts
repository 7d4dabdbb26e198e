/** The unit of time in this project. */

/** Milliseconds since 1970-01-01T00:00:00Z, a safe integer. */
export type EpochMillis = number
