/** What a bench gives: one number with what it should be, what stands beside it, and what it cost. */
import { loadavg } from "node:os"

/** What a bench is told on the command line. */
export interface BenchSettings {
  /** Every size is multiplied by this: 1 gives the figures, 0.01 shows that a bench works. */
  readonly scale: number
  /** Rounds of benches that alternate with their raw limit. */
  readonly rounds: number
  /** How long the idle bench looks on; one look a minute is taken by design. */
  readonly idleSeconds: number
}

export type Target =
  { readonly _tag: "AtLeast"; readonly value: number } | { readonly _tag: "AtMost"; readonly value: number }

export const atLeast = (value: number): Target => ({ _tag: "AtLeast", value })
export const atMost = (value: number): Target => ({ _tag: "AtMost", value })

export interface Figure {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly target?: Target
  /** The raw limit or a rival, measured in the same run. */
  readonly beside?: { readonly name: string; readonly value: number; readonly cpuMicros?: number }
  /** CPU time of the process, all threads, microseconds an operation: says more than the wall on a busy machine. */
  readonly cpuMicros?: number
  /** The machine's load average of one minute when it was measured. */
  readonly load: number
}

/** Adds the load of the moment. */
export const figure = (facts: Omit<Figure, "load">): Figure => ({ ...facts, load: loadavg()[0] ?? NaN })

const isMet = ({ value, target }: Figure): boolean =>
  target === undefined || (target._tag === "AtLeast" ? value >= target.value : value <= target.value)

/** A number as wide as it needs to be. */
const shown = (value: number): string => {
  if (!Number.isFinite(value)) return "-"
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en")
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(value !== 0 && Math.abs(value) < 0.1 ? 4 : 2)
}

const headings = [
  "figure",
  "value",
  "unit",
  "target",
  "",
  "beside it",
  "",
  "ratio",
  "CPU µs",
  "beside",
  "load"
] as const

const cells = (each: Figure): ReadonlyArray<string> => {
  const { name, value, unit, target, beside, cpuMicros, load } = each
  return [
    name,
    shown(value),
    unit,
    target === undefined ? "" : `${target._tag === "AtLeast" ? "≥" : "≤"} ${shown(target.value)}`,
    target === undefined ? "" : isMet(each) ? "met" : "MISSED",
    beside === undefined ? "" : shown(beside.value),
    beside?.name ?? "",
    beside === undefined ? "" : (value / beside.value).toFixed(2),
    cpuMicros === undefined ? "" : shown(cpuMicros),
    beside?.cpuMicros === undefined ? "" : shown(beside.cpuMicros),
    load.toFixed(1)
  ]
}

/** Columns that hold numbers. */
const toTheRight = new Set([1, 3, 5, 7, 8, 9, 10])

/** The figures as one table, a line each. */
export const table = (figures: ReadonlyArray<Figure>): string => {
  const rows = [headings, ...figures.map(cells)]
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          toTheRight.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
        )
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}
