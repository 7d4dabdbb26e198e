/** What callers do to jobs: commands to a writer, as promises of what they gave once it is on disk. The writing twin of `JobQueries`. */
import { checkIdText } from "../job/jobOptions.ts"
import type { Engine } from "./engine.ts"
import type { Job } from "./job/jobCodec.ts"
import type { PersistedJob } from "./job/jobSnapshot.ts"
import { persistedJob } from "./job/jobSnapshot.ts"
import type { HeldJob } from "./jobActors.ts"
import type { JobQueries } from "./query/jobQueries.ts"
import { jobIn, removeById } from "./writer/jobEdits.ts"
import { command, weightOf } from "./writer/intent.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"
import type { StoreWriter } from "./writer/storeWriter.ts"

/** A job as it was written, and its store. */
export interface WrittenJob {
  readonly job: Job
  readonly store: string
}

export class JobWrites {
  private readonly engine: Engine
  private readonly queries: JobQueries

  constructor(engine: Engine, queries: JobQueries) {
    this.engine = engine
    this.queries = queries
  }

  /** What `apply` makes of the job. `verb`: who asks. */
  async change(id: string, verb: string, apply: (unit: UnitOfWork, job: Job) => Job): Promise<WrittenJob> {
    const writer = await this.writerOf(id, verb)
    const change = (unit: UnitOfWork): Job => apply(unit, jobIn(unit, id, verb))
    return { job: await submit(this.engine, writer, { ids: [id] }, change), store: writer.name }
  }

  async remove(id: string): Promise<void> {
    const writer = await this.writerOf(id, "removeJob")
    await submit(this.engine, writer, { ids: [id] }, (unit) => removeById(unit, id))
  }

  /** The job's actor, live from the commit on in which it is found until it is let go. */
  async actor(id: string): Promise<HeldJob> {
    const { writer } = await this.queries.mustFind(id, "actor")
    const find = (unit: UnitOfWork) => ({ unit, job: jobIn(unit, id, "actor") })
    return submitAnd(this.engine, writer, { ids: [id] }, find, ({ unit, job }) =>
      this.engine.actorOf(writer, unit, job)
    )
  }

  /** The job as the commits before this have left it. */
  async snapshot(id: string): Promise<PersistedJob> {
    const writer = await this.writerOf(id, "snapshot")
    return persistedJob(await submit(this.engine, writer, { ids: [id] }, (unit) => jobIn(unit, id, "snapshot")))
  }

  /** Where there is but one store no question is asked: the command itself finds out whether the job is there. */
  private async writerOf(id: string, verb: string): Promise<StoreWriter> {
    checkIdText(id)
    const [first, ...others] = this.engine.writers
    if (first === undefined || others.length > 0 || this.engine.fenced.size > 0)
      return (await this.queries.mustFind(id, verb)).writer
    this.engine.mustRun(verb)
    return first
  }
}

/** The jobs that a command needs, by id or key, and how many of them it touches. Default: as many as it names. */
export interface Needs {
  readonly ids?: ReadonlyArray<string>
  readonly keys?: ReadonlyArray<number>
  /** Characters of the arguments that it brings. */
  readonly textLength?: number
}

export const submit = <A>(
  engine: Engine,
  writer: StoreWriter,
  needs: Needs,
  apply: (unit: UnitOfWork) => A
): Promise<A> => submitAnd(engine, writer, needs, apply, (given) => given)

/** `then` is called within the commit: a moment later another may have passed by. */
export const submitAnd = <A, B>(
  engine: Engine,
  writer: StoreWriter,
  { ids = [], keys = [], textLength = 0 }: Needs,
  apply: (unit: UnitOfWork) => A,
  then: (given: A) => B
): Promise<B> =>
  new Promise((resolve, reject) => {
    const settle = (given: A): void => {
      try {
        resolve(then(given))
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const givenAt = engine.timers.monotonicMillis()
    const needs = { ids, keys, weight: weightOf(ids.length + keys.length, textLength), givenAt }
    writer.submit(command(needs, apply, { resolve: settle, reject }))
  })
