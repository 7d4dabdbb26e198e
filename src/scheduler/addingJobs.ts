/** Jobs on their way into the stores: one by one, in slices, and before the start, when they are only remembered. */
import type { Engine } from "../engine/engine.ts"
import * as commands from "../engine/writer/jobEdits.ts"
import type { DefinitionOrigin, JobDefinition } from "../engine/job/jobDefinition.ts"
import { defineJob } from "../engine/job/jobDefinition.ts"
import type { JobQueries } from "../engine/query/jobQueries.ts"
import { DuplicateJobError, UnknownNameError } from "../engine/schedulerError.ts"
import type { WrittenJob } from "../engine/jobWrites.ts"
import { submit } from "../engine/jobWrites.ts"
import type { JobInput } from "../job/jobOptions.ts"
import type { RunCaller } from "../job/run.ts"
import { stateOf } from "../job/snapshot.ts"

/** Jobs of one `addJobs` that share a commit. */
const jobsPerIntent = 256
/** Characters of their arguments and notes. */
const textPerIntent = 1_000_000
/** Slices of one `addJobs` that are on their way to the disk. */
const slicesUnderWay = 8

export class AddingJobs {
  private readonly engine: Engine
  private readonly queries: JobQueries
  /** Added before `start`, by id. */
  private readonly tentative = new Map<string, JobDefinition>()

  constructor(engine: Engine, queries: JobQueries) {
    this.engine = engine
    this.queries = queries
  }

  /** Those that wait for the start. */
  get tentativeJobs(): ReadonlyArray<WrittenJob> {
    return [...this.tentative.values()].map(tentativeJob)
  }

  /** `caller`: who adds it, for its runs. */
  addOne(input: JobInput, caller?: RunCaller): Promise<WrittenJob> {
    return this.add(input, "added", caller)
  }

  declareOne(input: JobInput): Promise<WrittenJob> {
    return this.add(input, "declared")
  }

  private async add(input: JobInput, origin: DefinitionOrigin, caller?: RunCaller): Promise<WrittenJob> {
    const definition = defineJob(input, this.engine.environment, origin, caller)
    if (this.engine.fresh) return this.remember(definition)
    await this.refuseElsewhere([definition])
    const { row, store } = definition
    const writer = this.engine.writer(store, "addJob")
    return {
      job: await submit(this.engine, writer, { ids: [row.id], textLength: textLengthOf(definition) }, (unit) =>
        commands.addTo(unit, definition)
      ),
      store
    }
  }

  /** All are checked before the first is written. */
  async addMany(inputs: Iterable<JobInput>, origin: DefinitionOrigin): Promise<ReadonlyArray<WrittenJob>> {
    const definitions: Array<JobDefinition> = []
    for (const input of inputs) {
      definitions.push(defineJob(input, this.engine.environment, origin))
      // Checking takes microseconds a job, so a large batch gives way to other work now and then.
      if (definitions.length % 500 === 0) await this.turn()
    }
    if (this.engine.fresh) return definitions.map((definition) => this.remember(definition))
    return this.addDefinitions(definitions)
  }

  /** At the start: what was only remembered. */
  async addTentative(): Promise<void> {
    await this.addDefinitions([...this.tentative.values()])
    this.tentative.clear()
  }

  async addDefinitions(definitions: ReadonlyArray<JobDefinition>): Promise<ReadonlyArray<WrittenJob>> {
    await this.refuseDuplicates(definitions)
    const added: Array<ReadonlyArray<WrittenJob>> = []
    const left = slices(definitions)
    const addSlices = async (): Promise<void> => {
      // One that fails ends `left` for all: no further slice is submitted.
      for (const slice of left) {
        const { store } = slice
        const writer = this.engine.writer(store, "addJobs")
        const ids = slice.definitions.map(({ row }) => row.id)
        const textLength = slice.definitions.reduce((sum, definition) => sum + textLengthOf(definition), 0)
        const jobs = await submit(this.engine, writer, { ids, textLength }, (unit) =>
          commands.addAllTo(unit, slice.definitions)
        )
        added[slice.index] = jobs.map((job) => ({ job, store }))
      }
    }
    // A few slices are on their way at a time; the others wait here, not in the writer's memory.
    await Promise.all(Array.from({ length: slicesUnderWay }, addSlices))
    return added.flat()
  }

  private remember(definition: JobDefinition): WrittenJob {
    const { row, ifExists, store } = definition
    if (!this.engine.options.stores.has(store))
      throw new UnknownNameError({ kind: "store", name: store, known: [...this.engine.options.stores.keys()] })
    if (this.tentative.has(row.id) && ifExists === "error") throw new DuplicateJobError({ jobId: row.id, store })
    if (!this.tentative.has(row.id) || ifExists === "replace") this.tentative.set(row.id, definition)
    return tentativeJob(definition)
  }

  /** Before the first slice is written: an id that is given twice, or taken, and a store that is not there. */
  async refuseDuplicates(definitions: ReadonlyArray<JobDefinition>): Promise<void> {
    const seen = new Set<string>()
    for (const { row, store, ifExists } of definitions) {
      if (seen.has(row.id) && ifExists === "error") throw new DuplicateJobError({ jobId: row.id, store })
      seen.add(row.id)
    }
    for (const definition of definitions) this.engine.writer(definition.store, "addJobs")
    const strict = definitions.filter(({ ifExists }) => ifExists === "error")
    for (let at = 0; at < strict.length; at += 1000) {
      const taken = await this.queries.taken(strict.slice(at, at + 1000).map(({ row }) => row.id))
      const [first] = taken
      if (first !== undefined) throw new DuplicateJobError({ jobId: first.id, store: first.store })
    }
    await this.refuseElsewhere(definitions.filter(({ ifExists }) => ifExists !== "error"))
  }

  /** An id is unique over all stores, whatever `ifExists` says of the job in its own. */
  private async refuseElsewhere(definitions: ReadonlyArray<JobDefinition>): Promise<void> {
    for (const { store } of definitions) this.engine.writer(store, "addJob")
    if (this.engine.writers.length < 2) return
    const wanted = new Map(definitions.map(({ row, store }) => [row.id, store]))
    const ids = [...wanted.keys()]
    for (let at = 0; at < ids.length; at += 1000) {
      const taken = await this.queries.taken(ids.slice(at, at + 1000))
      const other = taken.find(({ id, store }) => wanted.get(id) !== store)
      if (other !== undefined) throw new DuplicateJobError({ jobId: other.id, store: other.store })
    }
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.engine.timers.after(0, resolve))
  }
}

const tentativeJob = ({ row, rules, trigger, memory, store }: JobDefinition): WrittenJob => ({
  job: { key: 0, row, rules, trigger, value: stateOf(memory), memory, removedAt: null },
  store
})

const textLengthOf = ({ row }: JobDefinition): number => row.args.length + row.notes.length

/** Definitions in the order given, in stretches that go into one store and one commit. */
function* slices(
  definitions: ReadonlyArray<JobDefinition>
): Iterable<{ readonly index: number; readonly store: string; readonly definitions: ReadonlyArray<JobDefinition> }> {
  for (let at = 0, index = 0; at < definitions.length; index++) {
    const store = definitions[at]?.store ?? "default"
    let end = at
    let textLength = 0
    for (let next = definitions[at]; next?.store === store; next = definitions[end]) {
      textLength += textLengthOf(next)
      if (end > at && (end - at === jobsPerIntent || textLength > textPerIntent)) break
      end += 1
    }
    yield { index, store, definitions: definitions.slice(at, end) }
    at = end
  }
}
