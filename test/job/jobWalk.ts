/**
 * A job on a random walk. The walk stands in for the engine: it keeps the clock, asks the trigger, sends what the engine
 * would send, and holds every answer against what must always be true of a job. Long because the walk and its checks are one.
 */
import { compileMachine } from "../../src/engine/writer/compiledMachine.ts"
import { jobMachine } from "../../machines/jobMachine.ts"
import { expect } from "vitest"
import type { FireRange } from "../../src/job/fireRange.ts"
import { single } from "../../src/job/fireRange.ts"
import type { DueFireTimes } from "../../src/job/dueFireTimes.ts"
import type { FireTimeEvent } from "../../src/job/fireTimeEvents.ts"
import { fireTimeEvents } from "../../src/job/fireTimeEvents.ts"
import type { JobAnswer, JobContext, JobEvent, NextFire } from "../../src/job/jobEvent.ts"
import { rescheduledFrom } from "../../src/job/onCommand.ts"
import { standsFor } from "../../src/job/overlap.ts"
import { noAnswer } from "../../src/job/jobEvent.ts"
import type { LiveRun, Outcome } from "../../src/job/run.ts"
import type { JobRules } from "../../src/job/rules.ts"
import type { JobMemory, JobState } from "../../src/job/snapshot.ts"
import { firesHeld, newMemory, stateOf, waitOverAt, wakeAtOf } from "../../src/job/snapshot.ts"
import { together } from "./decided.ts"
import { FireTimeAccount } from "./fireTimeAccount.ts"
import type { WalkMove, WalkTrigger } from "./walkMove.ts"

const table = compileMachine(jobMachine)

export class JobWalk {
  now = 0
  value: JobState = "scheduled"
  memory: JobMemory
  rules: JobRules
  trigger: WalkTrigger
  /** Every answer, in order. */
  readonly answers: Array<JobAnswer> = []
  /** Told of each step. */
  onStep: (event: JobEvent, value: JobState, context: JobContext) => void = () => {}
  private nextRunKey = 1
  private held = false
  /** An instance is free for what waits, which nothing has started since the scheduler held it back. */
  private heldBack = false
  private readonly perWake: number
  private readonly account = new FireTimeAccount()

  constructor(rules: JobRules, trigger: WalkTrigger, perWake = 1000) {
    this.rules = rules
    this.trigger = trigger
    this.perWake = perWake
    const { nextFireAt, exhausted } = this.next(0)
    this.memory = newMemory(0, nextFireAt, exhausted)
  }

  make(given: WalkMove): void {
    if (this.value === "done") return
    const { now, memory } = this
    switch (given.move) {
      case "pass":
        this.now = Math.max(0, now + given.byMs)
        return
      case "wake":
        return this.wake()
      case "hold":
      case "release":
        this.held = given.move === "hold"
        return
      case "emit":
        if (this.trigger.kind !== "stream" || this.value === "paused" || now <= memory.cursor) return
        return this.come(this.dueAt([now]), { args: now })
      case "refuse":
        if (this.trigger.kind !== "stream" || this.value === "paused" || now <= memory.cursor) return
        return this.send({ type: "refused", fireAt: now, reason: "invalidValue", now })
      case "request":
        return this.send({ type: "requested", fireAt: now, firstRunKey: this.nextRunKey, held: this.held, now })
      case "pause":
        return this.send({ type: "pause", owed: this.owed(), now })
      case "park":
        return this.send({ type: "park", fault: { kind: "faultyTrigger", message: "gave a fire time twice" }, now })
      case "remove":
        return this.send({ type: "remove", owed: this.owed(), now })
      case "settle":
        return this.settle(this.executing, given.pick, given.outcome, given.retryable, given.crashed)
      case "adopt":
        if (memory.live.length === 0) return
        return this.send({ type: "adopted", runKeys: memory.live.map(({ runKey }) => runKey), epoch: 2, now })
      case "cancel":
        return this.settle(memory.live, given.pick, "cancelled", false)
      case "stop": {
        const runKeys = memory.live.map((run) => run.runKey)
        if (runKeys.length === 0) return
        return this.send({
          type: "interrupted",
          runKeys,
          crash: given.crash,
          next: null,
          firstRunKey: this.nextRunKey,
          held: this.held,
          now
        })
      }
      case "resume": {
        const after = given.missed === "skip" ? Math.max(now, memory.cursor) : memory.cursor
        return this.send({
          type: "resume",
          missed: given.missed,
          firstRunKey: this.nextRunKey,
          held: this.held,
          ...this.next(after),
          now
        })
      }
      case "reschedule": {
        const owed = this.owed()
        if (this.memory.removed) return
        this.trigger = { ...given.trigger, kind: this.trigger.kind }
        return this.send({
          type: "reschedule",
          owed,
          nextRunKey: this.nextRunKey,
          ...this.next(rescheduledFrom(memory, now, owed)),
          now
        })
      }
      case "redefine":
        this.rules = given.rules
        return this.send({ type: "redefine", rules: given.rules })
    }
  }

  /** Moves the clock and wakes the job as often as it asks for. */
  wakeAt(now: number): this {
    this.now = now
    for (let turn = 0; turn < 1_000; turn++) {
      const wakeAt = wakeAtOf(this.memory, this.rules, this.trigger.kind === "fixedDelay")
      if (wakeAt === null || wakeAt > now) break
      this.wake()
    }
    return this
  }

  /** Ends the first run under way. */
  end(outcome: Outcome = "succeeded", at = this.now): this {
    this.now = at
    this.make({ move: "settle", pick: 0, outcome, retryable: true })
    return this
  }

  /** Makes moves that need nothing further. */
  meet(...moves: ReadonlyArray<WalkMove>): this {
    for (const move of moves) this.make(move)
    return this
  }

  /** Ends the pause, lets every run succeed and time pass until nothing is owed any more. */
  finish(): void {
    this.make({ move: "release" })
    this.make({ move: "resume", missed: "skip" })
    for (let turn = 0; turn < 20_000 && !this.atRest; turn++) {
      const wakeAt = wakeAtOf(this.memory, this.rules, this.trigger.kind === "fixedDelay")
      if (wakeAt !== null && wakeAt <= this.now) this.wake()
      else if (this.executing.length > 0) this.settle(this.executing, 0, "succeeded", true)
      else if (wakeAt !== null) this.now = wakeAt
    }
    expect(this.atRest).toBe(true)
    expect(this.account.waiting).toEqual([])
  }

  /** True once nothing runs, waits or is due. */
  get atRest(): boolean {
    const { live, queue, backlog } = this.memory
    const wakeAt = wakeAtOf(this.memory, this.rules, this.trigger.kind === "fixedDelay")
    return live.length === 0 && queue.length === 0 && backlog === null && (wakeAt === null || wakeAt > this.now)
  }

  get executing(): ReadonlyArray<LiveRun> {
    return this.memory.live.filter((run) => run.retryAt === null)
  }

  /** Where fire times have ended: "run", "coalesced" or a misfire's reason; "waiting" in the queue, "never" when not due. */
  placesOf(...fireTimes: ReadonlyArray<number>): ReadonlyArray<string> {
    return fireTimes.map((at) => this.account.placeOf(at))
  }

  /** As the engine does: fire times first, then what waits. */
  private wake(): void {
    const { now } = this
    const fixedDelay = this.trigger.kind === "fixedDelay"
    const isDue = (at: number | null): boolean => at !== null && at <= now
    if (this.held || !isDue(wakeAtOf(this.memory, this.rules, fixedDelay))) return
    const first = this.memory.nextFireAt
    if (this.value !== "paused" && first !== null && first <= now && !firesHeld(this.memory, fixedDelay))
      this.due(first)
    if (isDue(waitOverAt(this.memory, this.rules))) this.send({ type: "waitOver", firstRunKey: this.nextRunKey, now })
  }

  private due(first: number): void {
    const { now } = this
    const times: Array<number> = []
    for (
      let at: number | null = first;
      at !== null && at <= now && times.length < this.perWake;
      at = this.next(at).nextFireAt
    ) {
      times.push(at)
      if (this.trigger.kind === "fixedDelay") break
    }
    this.come(this.dueAt(times))
  }

  /** As the engine does: an event for each thing that happened, as long as the job follows. The answers count as one. */
  private come(due: DueFireTimes, { args }: { readonly args?: number } = {}): void {
    const coming = { now: this.now, firstRunKey: this.nextRunKey, ...(args === undefined ? {} : { args }) }
    const before = this.answers.length
    for (const event of fireTimeEvents(this.memory, this.rules, due, coming)) {
      this.send({ ...event, firstRunKey: this.nextRunKey })
      if (this.memory.nextFireAt !== event.nextFireAt) break
    }
    const answers = this.answers.splice(before)
    if (answers.length > 0) this.answers.push(together(answers))
  }

  private settle(
    runs: ReadonlyArray<LiveRun>,
    pick: number,
    outcome: Outcome,
    retryable: boolean,
    crashed = false
  ): void {
    const run = runs[pick % Math.max(1, runs.length)]
    if (run === undefined) return
    const { now } = this
    const next = this.trigger.kind === "fixedDelay" ? this.next(Math.max(now, this.memory.cursor)) : null
    const errorName = outcome === "failed" ? "Error" : null
    if (outcome === "interrupted")
      return this.send({
        type: "interrupted",
        runKeys: [run.runKey],
        crash: false,
        workerDied: crashed,
        next,
        firstRunKey: this.nextRunKey,
        held: this.held,
        now
      })
    this.send({
      type: "settled",
      runKey: run.runKey,
      outcome,
      errorName,
      retryable,
      ...(crashed && outcome === "failed" ? { crashed } : {}),
      next,
      firstRunKey: this.nextRunKey,
      held: this.held,
      now
    })
  }

  private next(after: number): NextFire {
    const { kind, everyMs, endAt } = this.trigger
    if (kind === "stream") return { nextFireAt: null, exhausted: false }
    const next = kind === "fixedDelay" ? after + everyMs : (Math.floor(after / everyMs) + 1) * everyMs
    return next > endAt ? { nextFireAt: null, exhausted: true } : { nextFireAt: next, exhausted: false }
  }

  private dueAt(times: ReadonlyArray<number>): DueFireTimes {
    const grace = this.rules.misfireGraceMs ?? Infinity
    const late = times.filter((at) => this.now - at > grace)
    const due = times.filter((at) => this.now - at <= grace)
    const following = this.next(this.trigger.kind === "fixedDelay" ? this.now : (times.at(-1) ?? this.now))
    return {
      late: rangeOf(late),
      due: rangeOf(due),
      second: due[1] ?? null,
      penultimate: due.at(-2) ?? null,
      times: this.rules.coalesce === "all" ? due : [],
      more: following.nextFireAt !== null && following.nextFireAt <= this.now,
      ...following
    }
  }

  private owed(): FireRange | null {
    const { nextFireAt, exhausted } = this.memory
    if (this.value === "paused" || exhausted || nextFireAt === null) return null
    const times: Array<number> = []
    for (let at: number | null = nextFireAt; at !== null && at <= this.now; at = this.next(at).nextFireAt)
      times.push(at)
    return rangeOf(this.trigger.kind === "fixedDelay" ? times.slice(0, 1) : times)
  }

  private send(event: JobEvent): void {
    const before = this.memory
    const context: JobContext = { jobId: "job", rules: this.rules, memory: before, answer: noAnswer }
    const step = table.step(this.value, context, event)
    if (step === undefined) return
    this.answers.push(step.context.answer)
    const priorState = this.value
    this.value = step.value
    this.memory = step.context.memory
    this.rules = step.context.rules
    for (const claim of step.context.answer.claims) this.nextRunKey = Math.max(this.nextRunKey, claim.runKey + 1)
    this.takeGiven(event, before)
    this.account.enter(step.context.answer)
    this.holdMemory(before, event, step.context.answer)
    this.onStep(event, priorState, step.context)
  }

  /** The fire times of an event, as far as the job's cursor says that it took them. */
  private takeGiven(event: JobEvent, before: JobMemory): void {
    if (event.type === "refused") return this.account.give(event.fireAt)
    if (isFireTime(event)) {
      const range = rangeTold(event)
      const from = before.nextFireAt ?? range?.from ?? Infinity
      const through = Math.min(range?.through ?? -Infinity, this.memory.cursor)
      if (this.trigger.kind === "clock")
        for (let at = from; at <= through; at += this.trigger.everyMs) this.account.give(at)
      else if (from <= through) this.account.give(from)
    }
    if ((event.type === "pause" || event.type === "remove" || event.type === "reschedule") && event.owed !== null) {
      for (const at of timesOf(event.owed)) this.account.give(at)
    }
  }

  private holdMemory(before: JobMemory, event: JobEvent, answer: JobAnswer): void {
    const { memory, rules, value } = this
    expect(stateOf(memory)).toBe(value)
    expect(JSON.parse(JSON.stringify({ memory, answer }))).toStrictEqual({ memory, answer })
    expect(memory.cursor).toBeGreaterThanOrEqual(before.cursor)
    expect(memory.live.map((run) => [run.runKey, run.attempt])).toEqual(this.account.attempts)
    if (answer.claims.length > 0) expect(memory.live.length).toBeLessThanOrEqual(rules.maxInstances)
    for (const runKey of answer.cancels) expect(this.executing.map((run) => run.runKey)).toContain(runKey)
    if (rules.maxRuns !== null && memory.runCount > before.runCount) {
      expect(memory.runCount).toBeLessThanOrEqual(rules.maxRuns)
    }
    const kept = keptIn(memory)
    expect(kept).toBe(this.account.waiting.length)
    // Nothing is forgotten: a job that is in service moves by itself or when a run under way ends.
    if (value !== "paused" && value !== "done" && this.trigger.kind !== "stream") {
      const wakeAt = wakeAtOf(memory, rules, this.trigger.kind === "fixedDelay")
      expect(wakeAt !== null || this.executing.length > 0, `stuck after ${event.type}`).toBe(true)
    }
    if ("held" in event && event.held === true) {
      this.heldBack = true
      expect(answer.claims).toEqual([])
    }
    if (isFireTime(event) || event.type === "waitOver") this.heldBack = false
    const follows = isFireTime(event) && event.follows === true
    if (event.type !== "redefine" && !follows && value === "running" && memory.live.length === 0 && !this.heldBack) {
      expect(memory.queue.filter((fire) => fire.requested === true || fire.fireAt <= event.now)).toEqual([])
    }
    for (const claim of answer.claims)
      if (!claim.requested && event.type !== "redefine") expect(claim.fireAt).toBeLessThanOrEqual(event.now)
    if (memory.exhausted && !before.exhausted) {
      const outOfRuns = rules.maxRuns !== null && memory.runCount >= rules.maxRuns
      expect(memory.removed || outOfRuns || this.trigger.endAt < Infinity).toBe(true)
    }
    if (value === "done") expect(kept).toBe(0)
    // No fire time is stepped over.
    if (this.trigger.kind === "clock" && value !== "paused" && !memory.exhausted) {
      expect(memory.nextFireAt).toBe(this.next(memory.cursor).nextFireAt)
    }
    if (before.removed) expect(answer.claims).toEqual([])
  }
}

const isFireTime = (event: JobEvent): event is FireTimeEvent =>
  event.type === "due" || event.type === "late" || event.type === "counted"

/** The newest fire times that an event is about. */
const rangeTold = (event: FireTimeEvent): Pick<FireRange, "from" | "through"> | null => {
  if (event.type === "late") return event
  if (event.type === "counted") return event.due ?? event.late
  const { fireAt, coalesced } = event
  return { from: Math.min(fireAt, coalesced?.from ?? fireAt), through: Math.max(fireAt, coalesced?.through ?? fireAt) }
}

/** How many fire times a memory still holds without a final place. */
const keptIn = ({ queue, backlog }: JobMemory): number => {
  let kept = (backlog?.late?.count ?? 0) + (backlog?.due?.count ?? 0)
  for (const fire of queue)
    if (fire.requested !== true) kept += 1 + standsFor(fire).reduce((sum, { count }) => sum + count, 0)
  return kept
}

const rangeOf = (times: ReadonlyArray<number>): FireRange | null => {
  const [from] = times
  const through = times.at(-1)
  return from === undefined || through === undefined ? null : { from, through, count: times.length }
}

const timesOf = (range: FireRange): ReadonlyArray<number> => {
  if (range.count === 1) return [single(range.from).from]
  const everyMs = (range.through - range.from) / (range.count - 1)
  return Array.from({ length: range.count }, (_, index) => range.from + index * everyMs)
}
