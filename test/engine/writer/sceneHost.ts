/** What a writer needs of the engine, in the hands of a test: it notes what it is told. */
import { Effect, Runtime } from "effect"
import { Dispatcher } from "../../../src/engine/dispatcher.ts"
import type { Job } from "../../../src/engine/job/jobCodec.ts"
import { JobCodec } from "../../../src/engine/job/jobCodec.ts"
import type { DefinitionEnvironment } from "../../../src/engine/job/jobDefinition.ts"
import { EventIds } from "../../../src/engine/told/eventIds.ts"
import { Suspects } from "../../../src/engine/writer/suspects.ts"
import { UnclaimedJobs } from "../../../src/engine/writer/unclaimedJobs.ts"
import type { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import type { Writer } from "../../../src/engine/writer/writer.ts"
import type { WriterHost } from "../../../src/engine/writer/writerHost.ts"
import { EventStream } from "../../../src/event/eventStream.ts"
import type { RunOrder, Settlement } from "../../../src/executor/executor.ts"
import type { StoreError } from "../../../src/store/storeError.ts"
import { TaskRegistry } from "../../../src/task/taskRegistry.ts"
import { task } from "../../../src/task/task.ts"
import { createTriggerRegistry } from "../../../src/trigger/triggerRegistry.ts"
import { definitionEnvironment } from "./definitions.ts"
import type { SceneTimers } from "./sceneTimers.ts"

export class SceneHost implements WriterHost {
  readonly timers: SceneTimers
  readonly events = new EventStream((error) => this.reports.push({ error, where: "events" }))
  readonly eventIds = new EventIds()
  readonly registry = createTriggerRegistry()
  readonly readTrigger = this.registry.read
  readonly codec = new JobCodec((spec) => this.registry.read(spec))
  readonly tasks: TaskRegistry
  readonly dispatcher: Dispatcher
  readonly suspects: Suspects
  readonly unclaimed: UnclaimedJobs
  readonly cacheLimit: number
  readonly commandTimeoutMs = 5_000
  claiming = true
  paused = false
  wakeWithin = Infinity
  /** What is done by who hears that the store is back. */
  whenBack: () => void = () => undefined
  /** What is done between cycles. */
  between: Effect.Effect<void, StoreError> = Effect.void

  /** What the writer told, in a word each: `lost`, `back`, `set back`. */
  readonly told: Array<string> = []
  readonly reports: Array<{ readonly error: unknown; readonly where: string }> = []
  readonly broke: Array<unknown> = []
  readonly units: Array<UnitOfWork> = []
  readonly evictions: Array<string> = []
  readonly missing: Array<string> = []
  cycles = 0

  /** Orders that executors were given, and runs that they were told to abort. */
  readonly orders: Array<RunOrder> = []
  readonly aborted: Array<string> = []
  /** False: executors say that they have no run that they are told to abort. */
  aborts = true
  private readonly held = new Map<string, (settlement: Settlement) => void>()

  constructor(timers: SceneTimers, tasks: ReadonlyArray<string>, cacheLimit: number) {
    this.timers = timers
    this.cacheLimit = cacheLimit
    this.tasks = new TaskRegistry(tasks.map((name) => task(name, () => null)))
    this.dispatcher = new Dispatcher(
      { tasks: this.tasks, timers, runtime: Runtime.defaultRuntime },
      () => undefined,
      (name, error, doing) => this.reports.push({ error, where: `${name}: ${doing}` })
    )
    this.suspects = new Suspects(timers, () => this.told.push("turn is free"))
    this.unclaimed = new UnclaimedJobs(
      () => timers.now(),
      ({ missing, name }) => this.missing.push(`${missing} ${name}`)
    )
  }

  get environment(): DefinitionEnvironment {
    return definitionEnvironment({ now: this.timers.now(), tasks: this.tasks })
  }

  /** One that holds what it is given until `settle`. */
  addExecutor(name: string, slots: number): void {
    const own = new Set<string>()
    this.dispatcher.add(name, {
      kind: "held",
      concurrency: slots,
      queue: 0,
      make: ({ listener }) => ({
        free: () => slots - own.size,
        submit: (order) => {
          own.add(order.runId)
          this.orders.push(order)
          this.held.set(order.runId, (settlement) => {
            own.delete(order.runId)
            listener.settled(order, settlement)
          })
          listener.started(order, this.timers.now())
        },
        cancel: (runId) => {
          this.aborted.push(runId)
          return this.aborts && own.has(runId)
        },
        close: () => undefined,
        status: () => ({ running: own.size, queued: 0, stuck: 0 })
      })
    })
  }

  /** Ends an attempt: well, unless it is said otherwise. */
  settle(runId: string, settlement: Partial<Settlement> = {}): void {
    const now = this.timers.now()
    const well = {
      outcome: "succeeded",
      startedAt: now,
      finishedAt: now,
      result: null,
      error: null,
      retryable: true
    } as const
    this.held.get(runId)?.({ ...well, ...settlement })
  }

  committed(_writer: Writer, unit: UnitOfWork): void {
    this.units.push(unit)
  }
  cycled(): Effect.Effect<void, StoreError> {
    this.cycles += 1
    return this.between
  }
  evicted(_writer: Writer, job: Job): void {
    this.evictions.push(job.row.id)
  }
  wakeWithinMs(): number {
    return this.wakeWithin
  }
  report(error: unknown, where: string): void {
    this.reports.push({ error, where })
  }
  clockSetBack(): void {
    this.told.push("clock set back")
  }
  storeLost(_writer: Writer, error: StoreError): void {
    this.told.push(`lost: ${error._tag}`)
  }
  storeBack(): void {
    this.told.push("back")
    this.whenBack()
  }
  broken(_writer: Writer, error: unknown): void {
    this.broke.push(error)
  }
}
