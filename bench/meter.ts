/** Clocks and quantiles of the benches. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"

/** What some work took. */
export interface Taken {
  readonly ms: number
  /** CPU time of the whole process, microseconds. */
  readonly cpuMicros: number
}

/** Starts measuring; the returned function gives what was taken since. */
export const meter = (): (() => Taken) => {
  const cpu = process.cpuUsage()
  const start = performance.now()
  return () => {
    const ms = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    return { ms, cpuMicros: user + system }
  }
}

export const timed = async (work: () => Promise<unknown>): Promise<Taken> => {
  const taken = meter()
  await work()
  return taken()
}

export const perSecond = (count: number, ms: number): number => (count / ms) * 1000

/** The value that `share` of `values` do not exceed; `NaN` of none. */
export const quantile = (values: ArrayLike<number>, share: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

export const median = (values: ArrayLike<number>): number => quantile(values, 0.5)

/** How late a timer of 1 ms came while the event loop was watched, milliseconds. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Watches the event loop until the returned function is called. */
export const watchLoop = (): (() => LoopDelay) => {
  const resolution = 1
  const histogram = monitorEventLoopDelay({ resolution })
  histogram.enable()
  return () => {
    histogram.disable()
    const late = (nanos: number): number => Math.max(0, nanos / 1e6 - resolution)
    return { p50: late(histogram.percentile(50)), p99: late(histogram.percentile(99)), max: late(histogram.max) }
  }
}

/** Runs `work` with the path of a directory of its own on disk, and removes that. */
export const inDirectory = async <A>(work: (directory: string) => Promise<A>): Promise<A> => {
  const directory = mkdtempSync(join(tmpdir(), "carillon-bench-"))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The wall clock in fractions of a millisecond: `Date.now()` gives whole ones only. Good for minutes, until the clock is set. */
export const fineClock = (): (() => number) => {
  const before = Date.now()
  let edge = before
  while (edge === before) edge = Date.now()
  const offset = edge - performance.now()
  return () => offset + performance.now()
}
