/**
 * One simulated world: a virtual clock, a store that outlives its processes, one scheduler process after the other, and the model
 * that watches. Here is what happens to processes; what callers do is in `commands.ts`, what happens when in `runPlan.ts`. A little
 * long because all that a process does comes through here, and stops here when it is dead.
 */
import { createHash } from "node:crypto"
import { Subject } from "rxjs"
import type { Scheduler, SchedulerEvent } from "../../src/index.ts"
import { createScheduler, inProcess } from "../../src/index.ts"
import type { JobStore, StoreBatch } from "../../src/store/jobStore.ts"
import { virtualClock } from "../../src/testing.ts"
import type { Line } from "../history/history.ts"
import { cutShort } from "./cutShort.ts"
import { compareDisk, compareTouched } from "./disk.ts"
import { EventAudit } from "./eventAudit.ts"
import type { Execution } from "./executions.ts"
import { Executions } from "./executions.ts"
import { customTriggers } from "./fireTimesOf.ts"
import { Misfortune, WorkerDeaths } from "./misfortune.ts"
import { Model } from "./model.ts"
import type { Missed } from "./modelMissed.ts"
import type { Instant } from "./modelSteps.ts"
import type { MortalWorkers } from "./mortalWorkers.ts"
import { mortalWorkers } from "./mortalWorkers.ts"
import type { CrashPoint, CulpritPlan, FaultKind, Plan, StreamName, WorkerDeath } from "./plan.ts"
import { epoch, second } from "./plan.ts"
import type { MortalStore, SlowStore, StoreWatch } from "./simulatedStore.ts"
import { mortalStore, slowStore } from "./simulatedStore.ts"
import { isOwn } from "./simulatedArguments.ts"
import { Sometimes } from "./sometimes.ts"
import type { SeenMachine } from "./steppingTask.ts"
import { steppingTask } from "./steppingTask.ts"
import type { AttemptAbout, Seen } from "./tasksOf.ts"
import { simulatedTask } from "./tasksOf.ts"

export interface Violation {
  readonly invariant: string
  readonly message: string
  /** Milliseconds of virtual time since the beginning. */
  readonly atMs: number
}

/** `none`: no process. `failed`: its start was refused. */
export type Phase = "none" | "starting" | "up" | "stopping" | "failed"

/** Before these nothing was claimed. */
const claimAgain = new Set(["SchedulerStarted", "SchedulerResumed", "SchedulerRecovered"])
const outcomeTypes = new Set(["RunSucceeded", "RunFailed", "RunTimedOut", "RunCancelled", "RunInterrupted"])

export class World {
  readonly clock = virtualClock(epoch)
  readonly violations: Array<Violation> = []
  readonly lines: Array<Line> = []
  readonly sometimes = new Sometimes()
  /** By run: what its first attempt was called with. */
  private readonly claimedArgs = new Map<number, unknown>()
  readonly executions: Executions
  readonly model: Model
  readonly audit: EventAudit
  readonly plan: Plan
  readonly inner: JobStore
  private readonly slow: SlowStore
  life = 0
  phase: Phase = "none"
  scheduler: Scheduler | null = null
  /** Faults and crashes happen no more. */
  healed = false
  /** True where the wall was ever set back. */
  setBack = false
  /** Since when somebody claims without a break. */
  private missed: Missed = { before: Infinity, through: -Infinity }
  /** Of the process that is there. */
  private streams: Readonly<Record<StreamName, Subject<unknown>>> = { a: new Subject(), b: new Subject() }
  private emitted = 0
  /** When callers had the scheduler paused last. */
  heldAtMs = -Infinity
  private isHeld = false
  outage: { readonly how: FaultKind; readonly untilMs: number } | null = null
  lastStepMs = -Infinity
  lastFaultMs = -Infinity
  /** Store calls that have not been answered. */
  inFlight = 0
  whenStarted: () => void = () => undefined
  whenWritten: (notes: string) => void = () => undefined
  blurred: (jobId: string) => boolean = () => false
  private mortal: MortalStore | null = null
  private workers: MortalWorkers = mortalWorkers(inProcess(), {
    checkpointed: () => undefined,
    settled: () => undefined
  })
  private readonly deaths: WorkerDeaths
  private readonly hash = createHash("sha1")
  private readonly trace: ((line: string) => void) | null
  private readonly misfortune: Misfortune
  /** Wall times since the last commit. */
  private lowest = Infinity
  private highest = -Infinity

  constructor(plan: Plan, inner: JobStore, trace: ((line: string) => void) | null) {
    this.plan = plan
    this.misfortune = new Misfortune(plan)
    this.deaths = new WorkerDeaths(plan)
    this.slow = slowStore(inner)
    this.inner = this.slow.store
    this.trace = trace
    const report = (invariant: string, message: string): void => this.report(invariant, message)
    this.executions = new Executions(report)
    this.model = new Model(report, this.executions, this.sometimes)
    this.model.crashes.culprit = plan.culprit?.id ?? null
    this.audit = new EventAudit(report, this.model)
    this.sampleWall()
  }

  get ms(): number {
    return this.clock.timers.monotonicMillis()
  }

  get digest(): string {
    return this.hash.copy().digest("hex")
  }

  /** True while the process lives: what a dead one still does, nobody sees. */
  get alive(): boolean {
    return this.mortal !== null && !this.mortal.dead
  }

  report(invariant: string, message: string): void {
    this.violations.push({ invariant, message, atMs: this.ms })
    this.tell(`VIOLATION ${invariant}: ${message}`)
  }

  /** Part of the history whose hash must be the same each time. Stamped as violations are; with the wall's time where that was set. */
  tell(line: string): void {
    const { ms } = this
    const wallMs = this.clock.now() - epoch
    const stamped = `${ms} ${wallMs === ms ? "" : `(wall ${wallMs}) `}${line}`
    this.hash.update(stamped)
    this.hash.update("\n")
    this.trace?.(stamped)
  }

  begin(redefine: ReadonlyArray<(scheduler: Scheduler) => Promise<void>>): void {
    const { plan, clock } = this
    this.life += 1
    const { life } = this
    this.misfortune.begin(life)
    this.audit.renew()
    this.tell(`life ${life}`)
    const mortal = mortalStore(this.inner, clock, this.watch(life))
    this.mortal = mortal
    const own = (): boolean => this.life === life && !mortal.dead
    this.streams = { a: new Subject(), b: new Subject() }
    this.workers = mortalWorkers(inProcess({ concurrency: plan.concurrency, queue: plan.concurrency }), {
      checkpointed: ({ runId, attempt }, text) => {
        const execution = this.executions.find(Number(runId), attempt)
        if (own() && execution !== undefined) this.model.steps.told(execution, text)
      },
      settled: ({ runId, attempt }, { waitsUntil }) => {
        if (own() && waitsUntil !== undefined) this.putAway(Number(runId), attempt, waitsUntil)
      }
    })
    const scheduler = createScheduler({
      tasks: [
        simulatedTask(plan.definitions, clock, { start: (about) => (own() ? this.attemptStarts(about, own) : null) }),
        steppingTask(plan.definitions, clock, { start: (about) => (own() ? this.machineStarts(about, own) : null) })
      ],
      store: mortal.store,
      clock,
      timezone: "UTC",
      triggers: customTriggers,
      streams: { ...this.streams },
      cachedJobs: plan.cachedJobs,
      commandTimeout: plan.commandTimeout,
      executors: { default: this.workers.provider },
      onError: (error, where) => this.tell(`reported ${where}: ${String(error)}`)
    })
    scheduler.events$.subscribe((event) => {
      if (own()) this.eventComes(event)
    })
    this.scheduler = scheduler
    this.phase = "starting"
    this.missed = { before: clock.now(), through: -Infinity }
    // What is refused now, before anything is opened, is no matter of the start.
    for (const declare of redefine) declare(scheduler).catch(() => this.sometimes.note("declaration refused"))
    scheduler.start().then(
      () => {
        if (own() && this.phase === "starting") this.started()
      },
      (error: unknown) => {
        if (!own() || this.phase !== "starting") return
        this.tell(`start refused: ${tagOf(error)}`)
        if (this.misfortune.faults === 0) this.report("start", `a start is refused without a fault: ${String(error)}`)
        this.phase = "failed"
        this.sometimes.note("start refused")
      }
    )
  }

  /** The process dies, in the midst of whatever it does. */
  cut(where: string): void {
    if (!this.alive || this.healed) return
    this.mortal?.cut()
    this.tell(`crash ${where}`)
    this.sometimes.note("crashes")
    this.sometimes.note(`crash ${where}`)
    for (const what of cutShort(this.model, this.executions)) this.sometimes.note(what)
  }

  /** After a crash, once the world has come to rest: the store is free. */
  async bury(): Promise<void> {
    await this.mortal?.die()
    this.ended("died")
    await compareDisk(this.inner, this.model, (invariant, message) => this.report(invariant, message))
  }

  /** The process has ended. */
  ended(how: "died" | "stopped"): void {
    this.lines.push({ kind: how, at: this.clock.now() })
    this.executions.die()
    this.model.values.forget()
    this.isHeld = false
    this.audit.renew()
    this.inFlight = 0
    this.scheduler = null
    this.mortal = null
    this.phase = "none"
  }

  /** Moves virtual time on. Where a file is opened or closed, which takes real time, in steps that wait for it. */
  async advance(ms: number): Promise<void> {
    const { clock, slow } = this
    await clock.settle()
    for (let left = ms; ; left -= second) {
      if (this.plan.store === "sqlite") {
        await slow.idle()
        await clock.settle()
      }
      if (left <= second || this.plan.store === "memory" || this.phase === "up") return clock.advance(Math.max(0, left))
      await clock.advance(second)
    }
  }

  stepWall(ms: number): void {
    this.sampleWall()
    this.clock.stepWall(ms)
    this.sampleWall()
    this.lastStepMs = this.ms
    if (ms < 0) this.setBack = true
    // What the wall shows again comes due while the process is there.
    this.missed = { ...this.missed, before: Math.min(this.missed.before, this.clock.now()) }
    this.tell(`wall ${ms}`)
    this.sometimes.note(ms < 0 ? "wall set back" : "wall set forward")
  }

  /** A stream gives values, all at once. */
  emit(of: StreamName, values: number, bad: boolean): void {
    if (!this.alive) return
    this.sometimes.note(this.inFlight > 0 ? "values while a commit is under way" : "values of streams", values)
    for (let n = 0; n < values; n++) {
      const number = ++this.emitted
      const isBad = bad && n === 0
      this.noteHeld()
      this.model.values.emitted({ of, number, bad: isBad, ms: this.ms }, this.model.jobs.values(), this.phase === "up")
      this.streams[of].next({ of, number, ...(isBad ? { big: 1n } : {}) })
    }
  }

  private noteHeld(): void {
    if (this.isHeld) this.heldAtMs = this.ms
  }

  private started(): void {
    this.phase = "up"
    this.tell("started")
    this.whenStarted()
    for (const { row, memory } of this.model.jobs.values()) {
      for (const { runKey, retryAt } of memory.live) {
        const old = (this.model.runs.get(runKey)?.life ?? 0) < this.life
        if (retryAt === null && old)
          this.report("orphan", `run ${runKey} of job "${row.id}" is still live after the start`)
      }
    }
  }

  /** True when the process dies here. */
  private crashAt(point: CrashPoint): boolean {
    if (!this.misfortune.diesAt(point)) return false
    this.cut(`at ${point}`)
    return !this.alive
  }

  private watch(life: number): StoreWatch {
    return {
      slowMs: 400 + ((this.plan.seed * 37 + life * 11) % 40) * 1000,
      before: (name) => {
        if (this.crashAt("beforeCall")) return null
        this.inFlight += 1
        const outage = this.outage !== null && this.ms < this.outage.untilMs ? this.outage.how : null
        const how = this.healed ? null : this.misfortune.nextCall(name, outage)
        if (how === null) return null
        this.lastFaultMs = this.ms
        this.sometimes.note("store faults")
        this.sometimes.note(
          `store call ${how === "before" ? "fails" : how === "after" ? "loses its answer" : "is slow"}`
        )
        if (how === "after" && name === "commit") this.sometimes.note("lost commit answer")
        if (how === "before") this.inFlight -= 1
        return how
      },
      after: (name) => {
        this.inFlight = Math.max(0, this.inFlight - 1)
        this.crashAt("afterCall")
        if (!this.alive && name === "commit") this.sometimes.note("crash between commit and its answer")
      },
      committed: (batch) => this.commitLands(batch)
    }
  }

  private commitLands(batch: StoreBatch): void {
    this.sampleWall()
    this.noteHeld()
    this.audit.expect(batch, this.life, this.blurred)
    const { claims, settled, states, checkpoints = [], messages = [] } = batch
    if (checkpoints.length > 0) this.sometimes.note("steps saved", checkpoints.length)
    this.tell(
      `commit ${claims.length} claims ${settled.length} settled ${messages.map(({ runKey }) => `${runKey} sent `).join("")}${checkpoints.map(({ runKey }) => `${runKey} saved `).join("")}${states.map(({ key, value }) => `${key}:${value}`).join(" ")}`
    )
    const touched = this.model.commit(batch, {
      ...{ from: this.lowest, through: this.highest, life: this.life, ms: this.ms },
      stopping: this.phase === "stopping",
      missed: this.missed,
      heldAtMs: this.heldAtMs,
      claiming: this.scheduler?.actor.getSnapshot().value === "active",
      blurred: this.blurred
    })
    for (const { notes } of [...batch.added, ...batch.redefined]) this.whenWritten(notes)
    this.lowest = Infinity
    this.highest = -Infinity
    this.sampleWall()
    const open = this.mortal?.open
    if (open !== undefined && open !== null && this.plan.store === "memory")
      compareTouched(open, this.model, touched, (invariant, message) => this.report(invariant, message))
  }

  private sampleWall(): void {
    const now = this.clock.now()
    this.lowest = Math.min(this.lowest, now)
    this.highest = Math.max(this.highest, now)
  }

  /** The task of a machine is called: what it does step by step. */
  private machineStarts(about: AttemptAbout, own: () => boolean): SeenMachine | null {
    const seen = this.attemptStarts(about, own)
    const { runId, attempt } = about
    const execution = this.executions.find(Number(runId), attempt)
    if (seen === null || execution === undefined) return null
    const { steps } = this.model
    steps.start(execution, this.instant)
    let first = true
    const alive = (): boolean => own() && execution.died === null && execution.aborted === null
    return {
      takes: (step, plan) => {
        if (!alive()) return
        this.tell(`step ${step} ${plan.does} ${runId}/${attempt}`)
        if (first && step > 0) this.sometimes.note("machine goes on in its middle")
        steps.takes(execution, step, plan, this.instant)
        const dies = this.deaths.take(runId, first)
        first = false
        if (dies === null || this.healed) return
        this.clock.timers.after(dies.afterMs, () => {
          if (alive() && this.executions.running.has(execution)) this.workerDies(execution, dies)
        })
      },
      through: (step) => {
        if (alive()) steps.passes(execution, step)
      },
      hears: (event) => {
        if (!alive()) return
        this.tell(`heard ${event} ${runId}/${attempt}`)
        this.sometimes.note("events heard")
        if (first) this.sometimes.note("events heard by a machine that has just been restored")
        steps.hears(execution, event)
      },
      ended: (how, what) => {
        if (!alive()) return
        if (how === "returned") steps.ends(execution, Number(what), this.instant)
        seen.ended(how, what)
      },
      aborted: (reason) => {
        if (!alive()) return
        seen.aborted(reason)
        // A machine stops at once.
        this.executions.leave(execution)
      }
    }
  }

  private get instant(): Instant {
    return { ms: this.ms, wall: this.clock.now() }
  }

  private workerDies(execution: Execution, { how }: WorkerDeath): void {
    this.tell(`worker dies ${execution.runKey}/${execution.attempt}`)
    this.sometimes.note("worker died")
    this.deaths.died(String(execution.runKey))
    execution.died = how
    this.executions.leave(execution)
    this.noteEnd(execution)
    this.workers.kill(String(execution.runKey), how)
  }

  private putAway(runKey: number, attempt: number, until: number | "event"): void {
    const execution = this.executions.find(runKey, attempt)
    if (execution === undefined)
      return this.report("putAway", `attempt ${attempt} of run ${runKey} waits, and was not called`)
    this.tell(`put away ${runKey}/${attempt} until ${until === "event" ? until : until - epoch}`)
    this.sometimes.note(until === "event" ? "machine put away until an event" : "machine put away")
    this.model.steps.putAway(execution, until, this.instant)
    execution.waitsUntil = until
    this.executions.leave(execution)
    this.noteEnd(execution)
  }

  /** For the history: nothing of the attempt goes on. */
  private noteEnd({ runKey, attempt }: Execution): void {
    const { jobId = "", fireAt = NaN } = this.model.rows.get(runKey) ?? {}
    this.lines.push({ kind: "abort", jobId, runId: String(runKey), fireAt, attempt, at: this.clock.now() })
  }

  private attemptStarts({ args, ...about }: AttemptAbout, own: () => boolean): Seen | null {
    if (this.crashAt("taskStart")) return null
    const { runId, attempt } = about
    const runKey = Number(runId)
    const run = this.model.runs.get(runKey)
    const job = run === undefined ? undefined : this.model.jobs.get(run.jobKey)
    const line = (kind: "start" | "finish" | "abort", what: string): void => {
      this.tell(`${what} ${runId}/${attempt}`)
      this.lines.push({ kind, ...about, at: this.clock.now() })
    }
    line("start", "start")
    this.audit.started(runKey, attempt)
    const given = this.model.rows.get(runKey)?.args ?? null
    if (given === null ? isOwn(args) : given !== JSON.stringify(args))
      this.report(
        "args",
        `attempt ${attempt} of run ${runKey} is called with ${JSON.stringify(args)}, its own are ${given}`
      )
    // Whatever the job's own have become meanwhile.
    const first = this.claimedArgs.get(runKey) ?? args
    this.claimedArgs.set(runKey, first)
    if (JSON.stringify(first) !== JSON.stringify(args))
      this.report(
        "args",
        `attempt ${attempt} of run ${runKey} is called with ${JSON.stringify(args)}, an earlier one with ${JSON.stringify(first)}`
      )
    this.sometimes.note("attempts started")
    const execution: Execution = {
      ...{ runKey, attempt, jobKey: run?.jobKey ?? 0, life: this.life, startedMs: this.ms },
      startedAt: this.clock.now(),
      ...{ timeouts: run?.timeouts ?? [null], ended: null, aborted: null, abortedMs: 0, waitsUntil: null, died: null }
    }
    this.executions.start(execution, run, job)
    if (about.jobId === this.plan.culprit?.id) this.dieOf(this.plan.culprit, own)
    return {
      ended: (how: "returned" | "threw", what: string | null) => {
        if (!own()) return
        line("finish", how)
        this.executions.end(execution, { how, what, ms: this.ms, at: this.clock.now() })
        this.crashAt("taskEnd")
      },
      aborted: (reason: string) => {
        if (!own()) return
        line("abort", reason)
        this.executions.abort(execution, reason, this.ms)
      }
    }
  }

  private dieOf({ afterMs, deaths }: CulpritPlan, own: () => boolean): void {
    this.clock.timers.after(afterMs, () => {
      if (own() && this.life <= deaths) this.cut("by the culprit")
    })
  }

  private eventComes(event: SchedulerEvent): void {
    const id = "runId" in event ? `${event.runId}/${event.attempt}` : "jobId" in event ? event.jobId : ""
    this.tell(`${event.type} ${id}`)
    if (event.type === "SchedulerRecovered") this.sometimes.note("degraded recovered")
    if (event.type === "SchedulerDegraded") this.sometimes.note("degraded")
    this.audit.told(event)
    this.noteHeld()
    if (event.type === "SchedulerPaused" || event.type === "SchedulerResumed") {
      this.isHeld = event.type === "SchedulerPaused"
      this.heldAtMs = this.ms
    }
    if (claimAgain.has(event.type)) this.missed = { before: this.clock.now(), through: this.clock.now() }
    if (outcomeTypes.has(event.type) && "runId" in event) {
      const { jobId, runId, attempt } = event
      const row = this.model.rows.get(Number(runId))
      if (row !== undefined && row.outcome !== null && row.attempt === attempt)
        this.lines.push({ kind: "outcome", jobId, runId, attempt, outcome: row.outcome, at: this.clock.now() })
    }
    this.crashAt("event")
  }
}

export const tagOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : String(error)

/** How long an aborted task may hold its slot in the executor. */
export const stuckAfterMs = 5 * second
