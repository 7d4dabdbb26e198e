/** The zone of the machine, also where the runtime has no name for it; and what a value of the `TZ` variable stands for. */
import { offsetName, readPosixZone } from "./posixZone.ts"
import { UnknownTimezoneError, zoneOf } from "./zone.ts"

/**
 * The zone of the machine, always one that `zoneOf` reads. Asked once: an answer costs a quarter of a millisecond. What `TZ` writes by
 * POSIX is read by POSIX; else the name that `Intl` has; else that of the zone file that `TZ` or the system names; else, as for a name
 * that nobody knows, the offset of `Date`, and `UTC` where that is none.
 */
export const machineTimezone = (): string => (machine ??= namedTimezone(thisMachine()))

let machine: string | undefined

/** What is known of a machine's zone. */
export interface MachineZone {
  /** The `TZ` variable. */
  readonly variable: string | undefined
  /** What `Intl` says. */
  readonly named: string | undefined
  /** Where a link leads in the end. */
  readonly linkTarget: (path: string) => string | undefined
  /** By `Date`: local minus UTC in winter and in summer, milliseconds. */
  readonly offsetsMs: ReadonlyArray<number>
}

export const namedTimezone = ({ variable, named, linkTarget, offsetsMs }: MachineZone): string => {
  const value = (variable ?? "").replace(/^:/, "")
  const path = variable === undefined ? "/etc/localtime" : value.startsWith("/") ? value : undefined
  return (
    posixName(value) ??
    (named === "Etc/Unknown" ? undefined : knownName(named)) ??
    (path === undefined ? undefined : (fileName(linkTarget(path)) ?? fileName(path))) ??
    // Where they differ, standard time: no such machine has been seen. Further from UTC than any zone is, POSIX allows a day: nobody's.
    knownName(offsetName(Math.min(...offsetsMs))) ??
    "UTC"
  )
}

/**
 * What the C library makes of a value of `TZ`, as a name that `zoneOf` reads: POSIX's forms, a zone file's path or name, each also after a
 * colon. `undefined` for anything else, which the C library takes for UTC.
 */
export const timezoneOfVariable = (value: string): string | undefined => {
  const text = value.replace(/^:/, "")
  return posixName(text) ?? (text.startsWith("/") ? fileName(text) : /^[+-]/.test(text) ? undefined : knownName(text))
}

/** A name such as `EST5EDT` has the form of POSIX, too, and a file of its own. */
const posixName = (text: string): string | undefined => {
  const zone = readPosixZone(text)
  return zone === undefined || zone.fixed || text.includes(",") ? zone?.name : (knownName(text) ?? zone.name)
}

const fileName = (path: string | undefined): string | undefined =>
  knownName(path === undefined ? undefined : /\/zoneinfo(?:\.default)?\/(?:posix\/|right\/)?(.+)$/.exec(path)?.[1])

const knownName = (name: string | undefined): string | undefined => {
  if (name === undefined || name === "") return undefined
  try {
    return zoneOf(name).name
  } catch (cause) {
    if (!(cause instanceof UnknownTimezoneError)) throw cause
    return undefined
  }
}

/** What of Node is read here, through `globalThis`: nothing of it is needed where there is none. */
interface Host {
  readonly process?: {
    readonly env?: Readonly<Record<string, string | undefined>>
    readonly getBuiltinModule?: (name: "fs") => { readonly realpathSync: (path: string) => string } | undefined
  }
}

const thisMachine = (): MachineZone => {
  const { process } = globalThis as Host
  return {
    variable: attempt(() => process?.env?.["TZ"]),
    named: attempt(() => new Intl.DateTimeFormat().resolvedOptions().timeZone),
    linkTarget: (path) => attempt(() => process?.getBuiltinModule?.("fs")?.realpathSync(path)),
    offsetsMs: [winterAt, summerAt].map((at) => -60_000 * new Date(at).getTimezoneOffset())
  }
}

/** January and July of 2026, any year's would do. */
const [winterAt, summerAt] = [1_768_000_000_000, 1_784_000_000_000]

/** A host may forbid it (a sandbox, permissions). */
const attempt = <A>(ask: () => A): A | undefined => {
  try {
    return ask()
  } catch {
    return undefined
  }
}
