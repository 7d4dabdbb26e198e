/**
 * The messages around an inspected job: who tells it what, what it orders from its executor, and its runs, which are actors below it. What
 * is told has happened: it is read off the job's committed steps, and nothing goes by it.
 */
import { assign, setup } from "xstate"
import type { executorMachine } from "../../machines/executorMachine.ts"
import type { jobMachine } from "../../machines/jobMachine.ts"
import type { schedulerMachine } from "../../machines/schedulerMachine.ts"
import type { JobEvent } from "../job/jobEvent.ts"
import type { LiveRun, Outcome } from "../job/run.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Closed, Speaker } from "./closedActor.ts"
import { closedActor } from "./closedActor.ts"
import type { ActorGuards } from "./inspection.ts"

interface RunInput {
  readonly runId: string
  readonly jobId: string
  readonly fireAt: EpochMillis
}

interface RunContext extends RunInput {
  /** 0 before the first is ordered. */
  readonly attempt: number
  /** Of the newest attempt that has ended. */
  readonly outcome: Outcome | null
}

type RunEvent =
  | { readonly type: "ordered"; readonly attempt: number }
  | { readonly type: "settled"; readonly outcome: Outcome }
  | { readonly type: "ended"; readonly outcome: Outcome }

/** What a run is, to look at. */
const runMachine = setup({
  types: {
    input: {} as RunInput,
    context: {} as RunContext,
    events: {} as RunEvent,
    output: {} as Outcome | null
  },
  actions: {
    attempt: assign(({ event }) => (event.type === "ordered" ? { attempt: event.attempt } : {})),
    outcome: assign(({ event }) => (event.type === "ordered" ? {} : { outcome: event.outcome }))
  }
}).createMachine({
  id: "run",
  initial: "claimed",
  context: ({ input }) => ({ ...input, attempt: 0, outcome: null }),
  output: ({ context }) => context.outcome,
  on: { ended: { target: ".ended", actions: "outcome" } },
  states: {
    claimed: { on: { ordered: { target: "executing", actions: "attempt" } } },
    /** Its executor has the attempt. */
    executing: { on: { settled: { target: "settled", actions: "outcome" } } },
    /** The attempt is over; the job says whether there is another. */
    settled: { on: { ordered: { target: "executing", actions: "attempt" } } },
    ended: { type: "final" }
  }
})

const streamsMachine = setup({}).createMachine({ id: "streams" })

/** An inspected job. */
export interface InspectedJob extends Closed<typeof jobMachine> {
  readonly view: { runId(runKey: number): string }
  readonly row: { readonly executor: string; readonly stream: string | null }
  /** By their keys. */
  readonly runs: Map<number, Closed<typeof runMachine>>
}

export class RunActors {
  private readonly scheduler: Closed<typeof schedulerMachine>
  private readonly executor: (name: string) => Closed<typeof executorMachine> | undefined
  private readonly guards: ActorGuards
  private streams: Closed<typeof streamsMachine> | null = null

  constructor(
    scheduler: Closed<typeof schedulerMachine>,
    executor: (name: string) => Closed<typeof executorMachine> | undefined,
    guards: ActorGuards
  ) {
    this.scheduler = scheduler
    this.executor = executor
    this.guards = guards
  }

  /** Tells the job a committed step of its, and the others what follows from it. */
  tell(job: InspectedJob, event: JobEvent): void {
    const before = job.actor.getSnapshot().context
    const source = this.sourceOf(job, event)
    const { actor } = source
    // Else a job that is done by this would stop its run before that has ended.
    job.forget(actor)
    job.tell(structuredClone(event), source)
    if (actor.id.startsWith("run:")) job.adopt(actor)
    const { answer, memory } = job.actor.getSnapshot().context
    if (answer === before.answer) return
    for (const { run, outcome, retryAt } of answer.ended) if (retryAt === null) this.end(job, run, outcome)
    for (const { runKey } of [...answer.claims, ...answer.retries]) {
      const run = memory.live.find((live) => live.runKey === runKey)
      if (run !== undefined) this.order(job, run)
    }
  }

  /** Who speaks for the user's streams. */
  get ofStreams(): Speaker {
    return (this.streams ??= this.openStreams())
  }

  private sourceOf(job: InspectedJob, event: JobEvent): Speaker {
    if (event.type === "due" && event.args !== undefined && job.row.stream !== null) return this.ofStreams
    if (event.type !== "settled") return this.scheduler
    const run = job.actor.getSnapshot().context.memory.live.find(({ runKey }) => runKey === event.runKey)
    if (run === undefined) return this.scheduler
    const shown = this.runOf(job, run)
    shown.tell({ type: "settled", outcome: event.outcome }, this.executor(job.row.executor) ?? this.scheduler)
    return shown
  }

  private order(job: InspectedJob, run: LiveRun): void {
    const executor = this.executor(job.row.executor)
    const { attempt } = run
    const { jobId } = job.actor.getSnapshot().context
    executor?.tell({ type: "order", jobId, runId: job.view.runId(run.runKey), attempt }, job)
    this.runOf(job, run).tell({ type: "ordered", attempt }, executor ?? job)
  }

  private end(job: InspectedJob, run: LiveRun, outcome: Outcome): void {
    const shown = this.runOf(job, run)
    shown.tell({ type: "ended", outcome }, job)
    job.runs.delete(run.runKey)
    job.forget(shown.actor)
    const { jobId } = job.actor.getSnapshot().context
    this.scheduler.tell({ type: "jobSettled", jobId, runId: job.view.runId(run.runKey), outcome }, job)
  }

  /** One that began before its job was shown is made now. */
  private runOf(job: InspectedJob, { runKey, fireAt }: LiveRun): Closed<typeof runMachine> {
    const known = job.runs.get(runKey)
    if (known !== undefined) return known
    const runId = job.view.runId(runKey)
    const { jobId } = job.actor.getSnapshot().context
    const birth = { under: job, id: `run:${runId}`, src: "run", input: { runId, jobId, fireAt } }
    const run = closedActor(runMachine, birth, this.guards)
    run.start()
    job.runs.set(runKey, run)
    return run
  }

  private openStreams(): Closed<typeof streamsMachine> {
    const streams = closedActor(streamsMachine, { under: this.scheduler, id: "streams", src: "streams" }, this.guards)
    streams.start()
    return streams
  }
}
