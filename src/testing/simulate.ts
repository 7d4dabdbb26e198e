/**
 * A schedule run through in virtual time: the real engine with its store, from one instant to another, and what the ledger says
 * then. Not a model of the engine: what a simulation shows is what a scheduler does.
 * A few lines long of 300, for a comment at every option.
 */
import { Data } from "effect"
import { unknownField } from "../input/fields.ts"
import { inWords } from "../input/inWords.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import type { SchedulerEvent, SchedulerEventType } from "../event/schedulerEvent.ts"
import { schedulerEventTypes } from "../event/schedulerEvent.ts"
import type { JobInput } from "../job/jobOptions.ts"
import type { Scheduler } from "../scheduler/scheduler.ts"
import { createScheduler } from "../scheduler/createScheduler.ts"
import type { SchedulerOptions } from "../scheduler/options.ts"
import { listGiven } from "../engine/parts.ts"
import { memory } from "../store/memory/memoryStore.ts"
import type { AnyTask } from "../task/task.ts"
import { task } from "../task/task.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import { readInstant } from "../time/instant.ts"
import { timezoneName } from "../time/timezoneInput.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import { isUnreadableData, unreadableText } from "../input/readable.ts"
import type { Simulation } from "./simulation.ts"
import { readSimulation } from "./simulation.ts"
import { VirtualClock } from "./virtualClock.ts"

/** What `simulate` takes: a stretch of time, what runs in it, and what a scheduler takes besides. */
export interface SimulateOptions extends Pick<
  SchedulerOptions,
  "store" | "executors" | "streams" | "triggers" | "calendars" | "jobDefaults" | "onError"
> {
  /** When it begins, inclusive: the jobs are added at this instant, and those that are due then run. */
  readonly from: InstantInput
  /** When it ends, exclusive: from the first of January to the first of February is January. At most 1,000 years after `from`. */
  readonly to: InstantInput
  /** As `addJob` takes them. Default: none but those that are declared on tasks. */
  readonly jobs?: Iterable<JobInput>
  /** The code that jobs name, jobs declared on it included. `"none"`: whatever they name does nothing, and takes no time. */
  readonly tasks: ReadonlyArray<AnyTask> | "none"
  /** Zone of triggers and texts without one. Default UTC, on every machine. */
  readonly timezone?: TimezoneInput
  /** What happens on the way. */
  readonly steps?: Iterable<SimulationStep>
  /** Stretches in which nobody is there: the scheduler stops without waiting, another starts on the same store. */
  readonly downtime?: Iterable<Downtime>
  /** Is told everything that the schedulers publish. Without it nothing is published, which is faster. */
  readonly onEvent?: (event: SchedulerEvent) => void
  /** A clock of your own, for tasks and streams that wait on it; it must not be past `from`. Default: a new one. */
  readonly clock?: VirtualClock
}

/** Something that is done at an instant, after what is due then. */
export interface SimulationStep {
  /** Within the simulation; text without an offset is read in its `timezone`. */
  readonly at: InstantInput
  /** What it gives is awaited, while time stands still if it ends by itself and while time goes on if it waits for that. */
  readonly act: (scheduler: Scheduler, clock: VirtualClock) => unknown
}

/** A stretch without a scheduler, which may last beyond the end. */
export interface Downtime {
  /** What is due at this very instant is still served. */
  readonly from: InstantInput
  /** The next scheduler starts at this instant; what came due meanwhile was missed. */
  readonly to: InstantInput
}

/** A step that still waited for something when the simulation was over. */
export class UnfinishedStepError extends Data.TaggedError("UnfinishedStepError")<{
  /** The step's own instant, epoch milliseconds. */
  readonly at: EpochMillis
}> {
  override get message(): string {
    return `the step at ${new Date(this.at).toISOString()} still waits at the end of the simulation; it needs more time, or something that never comes`
  }
}

/**
 * Runs jobs from `from` to `to` and gives the ledger, never waiting for real time. The same call gives the same answer. Code
 * that waits for anything but the clock (network, files, `setTimeout`) is waited for neither: its runs end as unfinished.
 * Takes time and memory in proportion to the fires in the stretch, tens of thousands a second; the time between them costs nothing.
 * Rejects with `InvalidOptionError`, `InvalidInstantError`, `UnknownTimezoneError`, `UnfinishedStepError`, with what a step threw,
 * and with whatever `createScheduler`, `start` and `addJobs` reject with, such as `UnknownTaskError` for a job whose task is not given.
 */
export const simulate = (options: SimulateOptions): Promise<Simulation> =>
  // Not awaited, so that no stack in the ledger ends in the lines that called: equal worlds give equal ledgers.
  new Promise((resolve, reject) => {
    play(options).then(
      (result) => resolve(result),
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it is
      (error: unknown) => reject(error)
    )
  })

const play = async (options: SimulateOptions): Promise<Simulation> => {
  const script = readScript(options)
  const { clock, from, to } = script
  await clock.runUntil(from)
  const stage = new Stage(script)
  try {
    await stage.start(false)
    await stage.current.addJobs(script.jobs)
    for (const mark of script.marks) {
      await clock.runUntil(mark.at)
      await mark.reached(stage)
    }
    await clock.runUntil(to - 1)
    stage.checkSteps()
    if (stage.down) await stage.start(true)
    return await readSimulation(stage.current, from, to)
  } finally {
    await stage.stop()
  }
}

/** Something on the way, at its instant. */
interface Mark {
  readonly at: EpochMillis
  readonly reached: (stage: Stage) => Promise<void>
}

interface Script {
  readonly clock: VirtualClock
  readonly from: EpochMillis
  readonly to: EpochMillis
  readonly scheduler: SchedulerOptions
  readonly jobs: ReadonlyArray<JobInput>
  readonly marks: ReadonlyArray<Mark>
  readonly onEvent: SimulateOptions["onEvent"]
}

const optionNames = [
  ...["from", "to", "jobs", "tasks", "timezone", "steps", "downtime", "onEvent", "clock"],
  ...["store", "executors", "streams", "triggers", "calendars", "jobDefaults", "onError"]
]

const readScript = (options: SimulateOptions): Script => {
  checkKnown("options", options, optionNames)
  const { tasks, jobs = [], onEvent, clock } = options
  const { store = memory(), executors, streams, triggers, calendars, jobDefaults, onError } = options
  const timezone = timezoneName(options.timezone) ?? "UTC"
  const [from, to] = readStretch("to", options, timezone)
  if (to - from > longestMs)
    throw refused(
      "to",
      new Date(to).toISOString(),
      "at most 1,000 years after its `from`; check the unit, instants are milliseconds"
    )
  if (onEvent !== undefined && typeof onEvent !== "function") throw refused("onEvent", onEvent, "a function")
  if (clock !== undefined && !(clock instanceof VirtualClock && clock.now() <= from))
    throw refused("clock", clock, "a virtual clock that is not past `from`")
  const listed = listGiven("simulate's jobs", jobs, "a list of jobs")
  const time = clock ?? new VirtualClock(from)
  const given = { executors, streams, triggers, calendars, jobDefaults, onError }
  return {
    clock: time,
    from,
    to,
    scheduler: {
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
      tasks: readTasks(tasks, listed),
      store,
      clock: time,
      timezone,
      retention: { runAge: forever, runCount: forever, jobAge: forever }
    },
    jobs: listed,
    marks: readMarks(options, timezone, from, to),
    onEvent
  }
}

/** 1,000 years. A longer stretch is a slip, such as microseconds for milliseconds, and would seem to hang. */
const longestMs = 365_250 * 86_400_000

/** What is to be returned must not be deleted before; and who keeps everything need not look every minute. */
const forever = Number.MAX_SAFE_INTEGER

const refused = (option: string, found: unknown, expected: string): InvalidOptionError =>
  new InvalidOptionError({ option: `simulate's ${option}`, found: inWords(found), expected })

/** Plain JavaScript may give anything. */
const checkKnown = (option: string, given: unknown, known: ReadonlyArray<string>): void => {
  const expected = `an object of ${known.join(", ")}`
  if (typeof given !== "object" || given === null) throw refused(option, given, expected)
  if (isUnreadableData(given, 1))
    throw new InvalidOptionError({ option: `simulate's ${option}`, found: unreadableText, expected })
  const unknown = unknownField(given, known)
  if (unknown !== undefined) throw refused(option, unknown, expected)
}

const readTasks = (tasks: unknown, jobs: ReadonlyArray<JobInput>): ReadonlyArray<AnyTask> => {
  if (Array.isArray(tasks)) return tasks as ReadonlyArray<AnyTask>
  if (tasks !== "none") throw refused("tasks", tasks, `a list of tasks, or "none" for tasks that do nothing`)
  const names = jobs.flatMap((job: Partial<JobInput> | null) => {
    const given: unknown = job?.task
    const named = typeof given === "object" && given !== null && "name" in given ? given.name : given
    return typeof named === "string" ? [named] : []
  })
  return [...new Set(names)].map((name) => task(name, () => undefined))
}

const readStretch = (
  option: string,
  given: { readonly from: InstantInput; readonly to: InstantInput },
  timezone: string
): readonly [EpochMillis, EpochMillis] => {
  const [from, to] = [readInstant(given.from, timezone), readInstant(given.to, timezone)]
  if (to > from) return [from, to]
  throw refused(option, new Date(to).toISOString(), `an instant after ${new Date(from).toISOString()}, its \`from\``)
}

/** By instant. At one instant a scheduler starts first, then steps are done as they were given, then a scheduler stops. */
const readMarks = (
  { steps = [], downtime = [] }: SimulateOptions,
  timezone: string,
  from: EpochMillis,
  to: EpochMillis
): ReadonlyArray<Mark> => {
  const within = (option: string, at: EpochMillis): EpochMillis => {
    if (at >= from && at < to) return at
    throw refused(option, new Date(at).toISOString(), "an instant from `from` on and before `to`")
  }
  const acts = listGiven("simulate's steps", steps, "a list of steps").map((step): Mark => {
    checkKnown("step", step, ["at", "act"])
    if (typeof step.act !== "function") throw refused("step's act", step.act, "a function")
    const at = within("step's at", readInstant(step.at, timezone))
    return { at, reached: (stage) => stage.act(at, step.act) }
  })
  const gaps = listGiven("simulate's downtime", downtime, "a list of stretches")
    .map((gap) => {
      checkKnown("downtime", gap, ["from", "to"])
      const [downAt, upAt] = readStretch("downtime's to", gap, timezone)
      return { downAt: within("downtime's from", downAt), upAt }
    })
    .sort((one, other) => one.downAt - other.downAt)
  gaps.forEach(({ downAt }, index) => {
    if (downAt < (gaps[index - 1]?.upAt ?? from))
      throw refused("downtime's from", new Date(downAt).toISOString(), "an instant outside the downtime before it")
  })
  const ups = gaps.map(({ upAt }): Mark => ({ at: upAt, reached: (stage) => stage.start(false) }))
  const downs = gaps.map(({ downAt }): Mark => ({ at: downAt, reached: (stage) => stage.stop() }))
  return [...ups, ...acts, ...downs].filter(({ at }) => at < to).sort((one, other) => one.at - other.at)
}

/** Turns of the event loop in which a step that does not wait for time has ended. */
const stepTurns = 1000

/** The scheduler of the moment, and the steps that are under way. */
class Stage {
  private readonly script: Script
  private scheduler: Scheduler | null = null
  private readonly waiting = new Set<{ readonly at: EpochMillis }>()
  private failure: { readonly error: unknown } | null = null
  /** True while no scheduler runs. */
  down = true

  constructor(script: Script) {
    this.script = script
  }

  /** The newest scheduler; while it is down, the one that has stopped. */
  get current(): Scheduler {
    if (this.scheduler === null) throw new RangeError("the simulation has not begun")
    return this.scheduler
  }

  async start(paused: boolean): Promise<void> {
    const { scheduler: options, onEvent } = this.script
    const scheduler = createScheduler(options)
    if (onEvent !== undefined)
      scheduler.on<SchedulerEventType>([...(schedulerEventTypes as ReadonlySet<SchedulerEventType>)], onEvent)
    await scheduler.start({ paused })
    this.scheduler = scheduler
    this.down = false
  }

  async stop(): Promise<void> {
    if (this.down) return
    this.down = true
    await this.current.shutdown({ wait: false })
  }

  /** Does a step, and waits until it has ended or waits for time itself. */
  async act(at: EpochMillis, step: SimulationStep["act"]): Promise<void> {
    const { clock } = this.script
    const under = { at }
    this.waiting.add(under)
    void (async () => step(this.current, clock))()
      .catch((error: unknown) => (this.failure ??= { error }))
      .finally(() => this.waiting.delete(under))
    for (let turn = 0; turn < stepTurns && this.waiting.has(under); turn++) await clock.settle()
    this.checkFailure()
  }

  checkSteps(): void {
    this.checkFailure()
    for (const { at } of this.waiting) throw new UnfinishedStepError({ at })
  }

  private checkFailure(): void {
    if (this.failure !== null) throw this.failure.error
  }
}
