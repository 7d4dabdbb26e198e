/** Time zones: the forms a caller may give. */
import { isUnreadable } from "../input/readable.ts"
import type { LuxonZone } from "./luxonValues.ts"
import { isLuxonZone } from "./luxonValues.ts"
import { machineTimezone } from "./machineZone.ts"

/** What a caller may give for a time zone: an IANA name, `UTC`, an offset such as `+02:00`, or a `Zone` of luxon. */
export type TimezoneInput = string | LuxonZone

/** The name of a zone; what is no zone, whoever reads the name refuses. */
export const timezoneName = <A>(given: A): Exclude<A, LuxonZone> | string =>
  (!isUnreadable(given, 1) && isLuxonZone(given)
    ? given.type === "system"
      ? machineTimezone()
      : given.name
    : given) as Exclude<A, LuxonZone> | string
