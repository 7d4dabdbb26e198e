/** Damaged files for tests: a file with some history in it, and a life on it that uses every verb and collects what failed. */
import { readFileSync, statSync, writeFileSync } from "node:fs"
import type { Scheduler } from "../../src/index.ts"
import { date, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import type { World } from "../scenarios/world.ts"
import { midnight, minute, newWorld, second, temporaryFile } from "../scenarios/world.ts"

export const note = task("note", ({ jobId }) => (jobId.endsWith("3") ? Promise.reject(new Error("a three")) : "noted"))
export const pageBytes = 4096

/** A file after ten minutes of `count` jobs: runs, failures, retries, misfires, a paused and a done job. */
export const livedFile = async (count = 60): Promise<string> => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const scheduler = await world.start({ tasks: [note] })
  await scheduler.addJobs(
    Array.from({ length: count }, (_, index) => ({
      id: `job-${index}`,
      task: note,
      args: { text: "x".repeat(index * 20) },
      trigger: index % 10 === 9 ? date(midnight + minute) : interval("1 minute", { start: midnight + index * second }),
      ...(index % 10 === 3 ? { retry: { attempts: 3, backoff: "10 seconds" } } : {})
    }))
  )
  await world.clock.advance(5 * minute)
  world.clock.stepWall(3 * minute)
  await scheduler.pauseJob("job-1")
  await world.clock.advance(2 * minute)
  await scheduler.shutdown({ wait: false })
  return filename
}

/** Overwrites one page with what `random` makes of it. */
export const damagePage = (filename: string, page: number, random: () => number): string => {
  const bytes = readFileSync(filename)
  const from = page * pageBytes
  const kinds = ["random bytes", "zeros", "another page", "a few bits"] as const
  const kind = kinds[Math.floor(random() * kinds.length)] ?? "zeros"
  if (kind === "zeros") bytes.fill(0, from, from + pageBytes)
  else if (kind === "another page") {
    const other = Math.floor(random() * pagesOf(filename)) * pageBytes
    bytes.copy(bytes, from, other, other + pageBytes)
  } else {
    const places = kind === "random bytes" ? pageBytes : 8
    for (let n = 0; n < places; n++) {
      const at = from + (kind === "random bytes" ? n : Math.floor(random() * pageBytes))
      bytes[at] = Math.floor(random() * 256)
    }
  }
  writeFileSync(filename, bytes)
  return `page ${page}: ${kind}`
}

export const pagesOf = (filename: string): number => Math.floor(statSync(filename).size / pageBytes)

export interface Life {
  /** What `start` was rejected with; `null`: it started. */
  readonly refused: unknown
  /** What anything else was rejected with, or `onError` told. */
  readonly failures: ReadonlyArray<unknown>
  /** Verbs that had no answer after minutes of virtual time. */
  readonly unanswered: ReadonlyArray<string>
}

/** Starts a scheduler on the file, calls every verb, lets ten minutes pass, stops. */
export const liveOn = async (filename: string): Promise<Life> => {
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  world.clock.stepWall(20 * minute)
  const failures: Array<unknown> = []
  try {
    await world.start({ tasks: [note] })
  } catch (refused) {
    return { refused, failures: world.reported, unanswered: [] }
  }
  const { scheduler } = world
  const unanswered = await everyVerb(world, scheduler, failures)
  return { refused: null, failures: [...failures, ...world.reported], unanswered }
}

const everyVerb = async (world: World, scheduler: Scheduler, failures: Array<unknown>) => {
  const waiting = new Map<string, Promise<unknown>>()
  const call = (name: string, verb: () => Promise<unknown>): void => {
    waiting.set(
      name,
      verb().then(
        () => waiting.delete(name),
        (error: unknown) => (waiting.delete(name), failures.push(error))
      )
    )
  }
  await world.clock.advance(minute)
  call("getJobs", () => scheduler.getJobs())
  call("getJobs of a fault", () => scheduler.getJobs({ fault: true }))
  call("getRuns", () => scheduler.getRuns())
  call("getLedger", () => scheduler.getLedger())
  call("preview", () => scheduler.preview(50))
  call("verify", () => scheduler.verify())
  call("status", () => scheduler.status())
  call("export", () => scheduler.exportJobs())
  call("addJob", () => scheduler.addJob({ id: "new", task: note, trigger: interval("1 minute") }))
  for (let index = 0; index < 12; index++) {
    const id = `job-${index}`
    call(`getJob ${id}`, () => scheduler.getJob(id))
    call(`explain ${id}`, () => scheduler.explain(id, midnight + minute))
    call(`pause ${id}`, () => scheduler.pauseJob(id))
    call(`resume ${id}`, () => scheduler.resumeJob(id))
    call(`run ${id}`, () => scheduler.runJob(id))
    call(`modify ${id}`, () => scheduler.modifyJob(id, { name: "mended" }))
  }
  await world.clock.advance(9 * minute)
  call("remove job-5", () => scheduler.removeJob("job-5"))
  await world.clock.advance(minute)
  call("shutdown", () => scheduler.shutdown({ deadline: second }))
  await world.clock.advance(minute)
  return [...waiting.keys()]
}

/** Those that are no typed error: without a `_tag`, or without a message that says something. */
export const untyped = (errors: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  errors.filter(
    (error) =>
      !(error instanceof Error && "_tag" in error && typeof error._tag === "string" && error.message.length > 20)
  )
