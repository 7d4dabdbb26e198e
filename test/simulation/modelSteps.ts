/**
 * How far machines have come: what is on disk of each, read from the batches alone, against the steps that their attempts take. A step that is saved is
 * not taken again, none is left out, and a wait is over when it was to be.
 */
import type { SettleRow, StoreBatch } from "../../src/store/jobStore.ts"
import type { Report } from "./change.ts"
import type { Execution } from "./executions.ts"
import type { ModelMessages } from "./modelMessages.ts"
import type { StepPlan } from "./plan.ts"
import type { At } from "./steppingTask.ts"

/** A shorter wait may keep its slot. */
const shortestWaitMs = 5000

/** What is saved of a run. */
interface Saved {
  readonly text: string
  /** The step that it is at. */
  readonly step: number
  /** By the wall, of a wait; `Infinity`: for an event alone; `null`: it is at work. */
  readonly dueAt: number | null
  /** It waits for an event. */
  readonly hears: boolean
  /** The events that it has taken in. */
  readonly heard: ReadonlyArray<number>
}

/** What an attempt is at. */
interface Position {
  /** What was told of it last. */
  told: string | null
  /** The step that it must take next. */
  next: number
  /** The wait that it is in: until when by the wall, and by monotonic time. */
  wait: Wait | null
  /** The events that it has taken in, those of earlier attempts included. */
  heard: ReadonlyArray<number>
}

interface Wait {
  readonly step: number
  readonly dueAt: number
  readonly dueMs: number
  /** It has to give its slot away. */
  readonly long: boolean
  /** An event ends it. */
  readonly hears: boolean
}

export interface Instant {
  /** Monotonic. */
  readonly ms: number
  readonly wall: number
}

export class ModelSteps {
  private readonly saved = new Map<number, Saved>()
  /** Steps that some attempt of the run has been through. */
  private readonly through = new Map<number, number>()
  /** Runs that have ended. */
  private readonly over = new Set<number>()
  private readonly positions = new Map<Execution, Position>()
  private readonly report: Report
  private readonly messages: ModelMessages

  constructor(report: Report, messages: ModelMessages) {
    this.report = report
    this.messages = messages
  }

  /** The texts that must be on disk, by run. */
  get texts(): ReadonlyMap<number, string> {
    return new Map([...this.saved].map(([runKey, { text }]) => [runKey, text]))
  }

  /** What is saved of the run waits for an event, and for nothing else. */
  needsEvent(runKey: number): boolean {
    return this.saved.get(runKey)?.dueAt === Infinity && this.messages.waitingTo(runKey).length === 0
  }

  /** A batch is on disk. `own`: what was seen of an attempt of this life. */
  commit({ checkpoints = [], settled }: StoreBatch, own: (row: SettleRow) => Execution | undefined): void {
    for (const { runKey, text } of checkpoints) {
      const fresh = { text, ...readCheckpoint(text) }
      const before = this.saved.get(runKey)
      const what = `run ${runKey} is saved at step ${fresh.step}`
      if (before !== undefined && fresh.step < before.step)
        this.report("stepsBack", `${what}, it was saved at step ${before.step} before`)
      if (fresh.step > (this.through.get(runKey) ?? 0))
        this.report("stepLeftOut", `${what}, and has been through ${this.through.get(runKey) ?? 0}`)
      if (before !== undefined && before.dueAt !== null && before.step === fresh.step && fresh.dueAt !== before.dueAt)
        this.report("wait", `${what}, to wait until ${fresh.dueAt}, before it was until ${before.dueAt}`)
      if (!this.over.has(runKey)) this.saved.set(runKey, fresh)
    }
    for (const row of settled) {
      this.mustBeSaved(own(row))
      if (row.outcome === null) continue
      this.saved.delete(row.runKey)
      this.over.add(row.runKey)
    }
  }

  /** The attempt has ended or goes on, and what it told is on disk. */
  mustBeSaved(execution: Execution | undefined): void {
    if (execution === undefined) return
    const { runKey, attempt } = execution
    const told = this.positions.get(execution)?.told ?? null
    const found = this.saved.get(runKey)?.text
    if (told !== null && told !== found)
      this.report("notSaved", `attempt ${attempt} of run ${runKey} has told ${told}, on disk is ${found}`)
  }

  /** The executor tells a step of the attempt. */
  told(execution: Execution, text: string): void {
    const position = this.positions.get(execution)
    if (position !== undefined) position.told = text
  }

  /** An attempt is started: where it goes on. */
  start(execution: Execution, { ms, wall }: Instant): void {
    const saved = this.saved.get(execution.runKey)
    const dueAt = saved?.dueAt ?? null
    this.positions.set(execution, {
      told: null,
      next: saved === undefined ? 0 : saved.step + (dueAt === null ? 0 : 1),
      wait: saved === undefined || dueAt === null ? null : waitOf(saved.step, dueAt, saved.hears, { ms, wall }),
      heard: saved?.heard ?? []
    })
  }

  /** A step is begun. */
  takes(execution: Execution, step: number, plan: StepPlan, { ms, wall }: Instant): void {
    const { runKey, attempt } = execution
    const what = `attempt ${attempt} of run ${runKey} takes step ${step}`
    const position = this.positions.get(execution)
    const saved = this.saved.get(runKey)
    if (saved !== undefined && (step < saved.step || (step === saved.step && saved.dueAt !== null)))
      this.report("stepAgain", `${what}, it is saved at step ${saved.step}`)
    if (position === undefined) return
    if (step !== position.next) this.report("step", `${what}, expected is step ${position.next}`)
    this.checkWait(execution, position, { ms, wall }, what)
    position.next = step + 1
    const hears = plan.does === "hear"
    const lastsMs = hears ? (plan.ms ?? Infinity) : plan.does === "wait" ? plan.ms : null
    position.wait = lastsMs === null ? null : waitOf(step, wall + lastsMs, hears, { ms, wall })
  }

  /** The machine is given an event. */
  hears(execution: Execution, event: number): void {
    const position = this.positions.get(execution)
    if (position === undefined) return
    const { runKey, attempt } = execution
    position.heard = [...position.heard, event]
    if (!this.messages.isBeginning(runKey, position.heard))
      this.report(
        "heard",
        `attempt ${attempt} of run ${runKey} has heard ${position.heard.join(", ")}, sent was ${this.messages.to(runKey).join(", ")}`
      )
    if (position.wait?.hears === true) position.wait = null
  }

  /** A step is over. */
  passes({ runKey }: Execution, step: number): void {
    this.through.set(runKey, Math.max(this.through.get(runKey) ?? 0, step + 1))
  }

  /** The machine is in its final state after so many steps. */
  ends(execution: Execution, steps: number, instant: Instant): void {
    const { runKey, attempt } = execution
    const position = this.positions.get(execution)
    const what = `attempt ${attempt} of run ${runKey} ends`
    const through = this.through.get(runKey) ?? 0
    if (through !== steps) this.report("stepLeftOut", `${what} after ${steps} steps, it has been through ${through}`)
    if (position !== undefined) this.checkWait(execution, position, instant, what)
  }

  /** The executor says that the attempt only waits. */
  putAway(execution: Execution, until: number | "event", { wall }: Instant): void {
    const { runKey, attempt } = execution
    const wait = this.positions.get(execution)?.wait ?? null
    const what = `attempt ${attempt} of run ${runKey} is put away until ${until}`
    if (wait === null) this.report("putAway", `${what}, and does not wait`)
    else if (until !== (wait.dueAt === Infinity ? "event" : Math.ceil(wait.dueAt)))
      this.report("putAway", `${what}, it waits until ${wait.dueAt}`)
    else if (until !== "event" && until - wall < shortestWaitMs) this.report("putAway", `${what}, it is ${wall}`)
  }

  /** Between two steps of time: whoever waits long has no slot, and whose wait is over has gone on. */
  rest(running: ReadonlySet<Execution>, { ms }: Instant): void {
    for (const execution of running) {
      this.mustBeSaved(execution)
      const { wait = null, heard = null } = this.positions.get(execution) ?? {}
      const what = `attempt ${execution.attempt} of run ${execution.runKey}`
      const sent = this.messages.to(execution.runKey)
      if (heard !== null && heard.length < sent.length)
        this.report("notHeard", `${what} has heard ${heard.join(", ")}, sent was ${sent.join(", ")}`)
      if (wait === null) continue
      if (wait.dueMs < ms)
        this.report("notWoken", `${what} waits in step ${wait.step}, which was over ${ms - wait.dueMs} ms ago`)
      else if (wait.long)
        this.report("keepsSlot", `${what} waits in step ${wait.step} for ${wait.dueMs - ms} ms more, and has its slot`)
    }
  }

  private checkWait({ startedMs }: Execution, { wait }: Position, { ms, wall }: Instant, what: string): void {
    // Once begun, it lasts by monotonic time, whatever becomes of the wall.
    if (wait !== null && ms < wait.dueMs && wall < wait.dueAt)
      this.report(
        "wokenEarly",
        `${what} ${wait.dueMs - ms} ms before its wait is over, it began ${ms - startedMs} ms ago`
      )
  }
}

const waitOf = (step: number, dueAt: number, hears: boolean, { ms, wall }: Instant): Wait => {
  const leftMs = Math.max(0, dueAt - wall)
  return { step, dueAt, dueMs: ms + leftMs, long: leftMs >= shortestWaitMs, hears }
}

/** The model's own reading of what is saved of a simulated machine. */
const readCheckpoint = (text: string): Omit<Saved, "text"> => {
  const { snapshot, delays } = JSON.parse(text) as {
    readonly snapshot: { readonly value: string; readonly context: At }
    readonly delays: ReadonlyArray<{ readonly dueAt: number }>
  }
  const { value, context } = snapshot
  const hears = value === "hearing" || value === "hearingAtMost"
  const waits = value === "waiting" || value === "hearingAtMost"
  return { ...context, hears, dueAt: value === "hearing" ? Infinity : waits ? (delays[0]?.dueAt ?? NaN) : null }
}

/** The events in what is saved of a run. */
export const heardIn = (text: string): ReadonlyArray<number> => readCheckpoint(text).heard
