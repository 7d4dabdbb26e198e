/** Which edition of the IANA zones this runtime computes with. Two machines that differ may disagree on a future fire time. */
import type { EpochMillis } from "./epochMillis.ts"
import { offsetAt, zoneOf } from "./zone.ts"

/**
 * The edition (`"2025c"`) where the runtime tells it, as Node does; else the newest edition whose changes show in the
 * offsets, with a plus sign (`"2024a+"`): at least that one.
 */
export const zoneDataVersion = (): string => (version ??= toldVersion() ?? shownVersion())

let version: string | undefined

/** Read through `globalThis`, so that nothing of Node is needed where there is none. */
const toldVersion = (): string | undefined => {
  const host = globalThis as { readonly process?: { readonly versions?: { readonly tz?: unknown } } }
  const told = host.process?.versions?.tz
  return typeof told === "string" && told !== "" ? told : undefined
}

interface Change {
  readonly edition: string
  readonly timezone: string
  readonly at: EpochMillis
  /** Local minus UTC since that edition, minutes. */
  readonly offsetMinutes: number
}

/** Newest first; from the NEWS file of the zone data. */
const changes: ReadonlyArray<Change> = [
  { edition: "2025b", timezone: "America/Coyhaique", at: 1_751_328_000_000, offsetMinutes: -180 },
  { edition: "2024a", timezone: "Asia/Almaty", at: 1_719_792_000_000, offsetMinutes: 300 },
  { edition: "2022f", timezone: "America/Chihuahua", at: 1_688_169_600_000, offsetMinutes: -360 },
  { edition: "2022b", timezone: "Asia/Tehran", at: 1_688_169_600_000, offsetMinutes: 210 }
]

const shownVersion = (): string => {
  const shown = changes.find((change) => {
    try {
      return offsetAt(zoneOf(change.timezone), change.at) === change.offsetMinutes * 60_000
    } catch {
      return false
    }
  })
  return shown === undefined ? "before 2022b" : `${shown.edition}+`
}
