/** Checks live stores, all but their removed jobs. Reads only; everything else is let in between pages of jobs and slices of a job with many fire times. */
import type { Engine } from "../engine/engine.ts"
import type { StoreWriter } from "../engine/writer/storeWriter.ts"
import type { JobRow, KeptRow } from "../store/jobStore.ts"
import { maxFireTimes } from "./accounting.ts"
import { keptFaults, keptPerPage } from "./kept.ts"
import type { Findings, Verification } from "./verification.ts"
import { Tally } from "./verification.ts"
import type { JobHoldings } from "./verifyJob.ts"
import { verifyJob } from "./verifyJob.ts"

/** Jobs read at a time. */
const pageSize = 200
const pageBytes = 4_000_000
/** Times that a suspicious job is looked at. */
const rounds = 3

export const verify = async (engine: Engine): Promise<Verification> => {
  engine.mustAnswer("verify")
  const tally = new Tally()
  for (const writer of engine.writers) {
    let afterKey = 0
    for (;;) {
      const rows = await engine.questions.read(
        "verify",
        writer.store.reads.jobs({ byWake: false, afterKey, limit: pageSize, bytes: pageBytes })
      )
      const last = rows.at(-1)
      if (last === undefined) break
      for (const row of rows) {
        tally.add(writer.name, row.id, await verifyLive(engine, writer, row))
        if (tally.full) return tally.verification()
      }
      afterKey = last.key
      await turn(engine)
    }
    await verifyKept(engine, writer, tally)
  }
  return tally.verification()
}

/** What is kept beside runs, removed jobs' too. A commit may be on its way: what is found is looked for again. */
const verifyKept = async (engine: Engine, writer: StoreWriter, tally: Tally): Promise<void> => {
  const page = (after: number, limit: number): Promise<ReadonlyArray<KeptRow>> =>
    engine.questions.read("verify", writer.store.reads.kept(after, limit))
  for (let after = 0; !tally.full;) {
    const rows = await page(after, keptPerPage)
    for (const row of rows) {
      let found = keptFaults(row, writer.sentThrough)
      for (let round = 1; round < rounds && found.length > 0; round++) {
        await turn(engine)
        const [again] = await page(row.runKey - 1, 1)
        const seen = new Set(again === undefined ? [] : keptFaults(again, writer.sentThrough))
        found = found.filter((message) => seen.has(message))
      }
      for (const message of found) tally.addKept(writer.name, row.jobId, message)
    }
    const last = rows.at(-1)
    if (last === undefined || last.runKey <= after) return
    after = last.runKey
    await turn(engine)
  }
}

/**
 * A job may change between two reads of it, which looks like damage. So what is found is looked for again in fresh rows, and
 * only what is found every time is told.
 */
const verifyLive = async (engine: Engine, writer: StoreWriter, row: JobRow): Promise<Findings> => {
  const first = await findingsOf(engine, writer, row)
  let { found } = first
  for (let round = 1; round < rounds && found.length > 0; round++) {
    await turn(engine)
    const [again] = await engine.questions.read("verify", writer.store.reads.jobs({ keys: [row.key] }))
    if (again === undefined) return { ...first, found: [] }
    const seen = new Set((await findingsOf(engine, writer, again)).found.map(({ message }) => message))
    found = found.filter(({ message }) => seen.has(message))
  }
  return { ...first, found }
}

const findingsOf = async (engine: Engine, writer: StoreWriter, row: JobRow): Promise<Findings> => {
  const slices = verifyJob(row, await recordsOf(engine, writer, row), {
    codec: engine.codec,
    retained: { from: engine.timers.now() - engine.options.retention.runAgeMs, guessed: false },
    epoch: writer.store.epoch,
    recovered: true,
    claimingSince: writer.claimingSince.all,
    knowsTriggers: true
  })
  for (;;) {
    const slice = slices.next()
    if (slice.done === true) return slice.value
    await turn(engine)
  }
}

/** Those of earlier jobs of the same id are left out. */
const recordsOf = async (engine: Engine, { store }: StoreWriter, { id, key, memory }: JobRow): Promise<JobHoldings> => {
  const own = ({ jobKey }: { readonly jobKey: number }): boolean => jobKey === key
  const runs = await engine.questions.read("verify", store.reads.runs({ jobId: id, limit: maxFireTimes, texts: false }))
  const ledger = await engine.questions.read("verify", store.reads.ledger({ jobId: id, limit: maxFireTimes }))
  // Texts of machines may be long: they are read where a run says that it has one.
  const unfinished = memory.includes(savedWord) ? runs.filter(({ outcome }) => outcome === null) : []
  const keys = unfinished.map(({ runKey }) => runKey)
  const saved = keys.length === 0 ? [] : (await engine.questions.read("verify", store.checkpoints(keys))).keys()
  return { runs: runs.filter(own), ledger: ledger.filter(own), saved: new Set(saved) }
}

/** In a snapshot with a run of which something is saved. */
const savedWord = '"saved":true'

const turn = (engine: Engine): Promise<void> => new Promise((resolve) => engine.timers.after(0, resolve))
