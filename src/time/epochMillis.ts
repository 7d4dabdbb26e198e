/** The unit of time in this project. */

/** Milliseconds since 1970-01-01T00:00:00Z, a safe integer. */
export type EpochMillis = number

/** What `Date` can hold, before 1970 as after. */
export const latestInstant: EpochMillis = 8_640_000_000_000_000
