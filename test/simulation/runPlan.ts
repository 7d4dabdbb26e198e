/** Lives through a plan in virtual time: operations at their instants, processes that end and begin again, then a time of rest. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memory } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import type { ExpectedJob } from "../history/history.ts"
import { checkHistory } from "../history/checkHistory.ts"
import { Commands } from "./commands.ts"
import { compareDisk } from "./disk.ts"
import { fireTimesOf } from "./fireTimesOf.ts"
import type { Operation, Plan } from "./plan.ts"
import { minute, second } from "./plan.ts"
import { checkRest } from "./rest.ts"
import type { Sometimes } from "./sometimes.ts"
import type { Violation } from "./world.ts"
import { tagOf, World } from "./world.ts"

export interface Life {
  readonly violations: ReadonlyArray<Violation>
  /** Of everything that was seen, in order: the same plan gives the same. */
  readonly hash: string
  readonly sometimes: Sometimes
}

/** Longest step between two looks at the world. */
const longestStep = 30 * second

export const runPlan = async (plan: Plan, trace: ((line: string) => void) | null = null): Promise<Life> => {
  const directory = plan.store === "sqlite" ? mkdtempSync(join(tmpdir(), "carillon-simulation-")) : null
  try {
    const store = directory === null ? memory() : sqlite({ filename: join(directory, "jobs.db"), durability: "normal" })
    const driver = new Driver(new World(plan, store, trace))
    await driver.live()
    const { world } = driver
    return { violations: world.violations, hash: world.digest, sometimes: world.sometimes }
  } finally {
    if (directory !== null) rmSync(directory, { recursive: true, force: true })
  }
}

class Driver {
  readonly world: World
  private readonly commands: Commands
  /** When the stop under way is to be over. */
  private stopByMs = 0
  /** When a process that is away comes back, and what it declares then. */

  private back: { readonly ms: number; readonly redefine: ReadonlyArray<number> } | null = { ms: 0, redefine: [] }

  constructor(world: World) {
    this.world = world
    this.commands = new Commands(world)
  }

  async live(): Promise<void> {
    const { world } = this
    for (const operation of world.plan.operations) {
      await this.until(operation.at)
      if (this.isBroken()) return this.abandon()
      await this.perform(operation)
    }
    await this.until(world.plan.length)
    if (this.isBroken()) return this.abandon()
    await this.rest()
    await this.abandon()
  }

  private isBroken(): boolean {
    return this.world.violations.length > 0
  }

  /** Leaves nothing running, whatever was found. */
  private async abandon(): Promise<void> {
    const { world } = this
    world.healed = true
    const { scheduler } = world
    if (scheduler === null || !world.alive) return
    world.phase = "stopping"
    const stopped = scheduler.shutdown({ wait: false }).catch(() => undefined)
    await world.advance(2 * minute)
    await Promise.race([stopped, world.clock.settle()])
  }

  private async until(ms: number): Promise<void> {
    const { world } = this
    for (;;) {
      await this.afterlife()
      if (this.isBroken() || world.ms >= ms) return
      const now = world.clock.now()
      const wakes = [...world.model.jobs.values()].flatMap(({ row }) =>
        row.wakeAt === null || row.wakeAt <= now ? [] : row.wakeAt - now
      )
      const backIn = this.back === null ? Infinity : Math.max(1, this.back.ms - world.ms)
      const outageIn =
        world.outage === null || world.outage.untilMs <= world.ms ? Infinity : world.outage.untilMs - world.ms
      await world.advance(Math.min(ms - world.ms, longestStep, backIn, outageIn, ...wakes))
      await this.afterlife()
      if (!this.isBroken()) checkRest(world)
    }
  }

  /** A process that has died or failed is buried; one that is due begins. */
  private async afterlife(): Promise<void> {
    const { world } = this
    if (world.phase !== "none" && world.scheduler !== null && !world.alive) {
      const crash = world.plan.crashes.find(({ life }) => life === world.life)
      await world.bury()
      this.commands.forget()
      this.back ??= { ms: world.ms + (crash?.away ?? second), redefine: [] }
    }
    if (world.phase === "failed") {
      world.ended("stopped")
      this.commands.forget()
      this.back = { ms: world.ms + 7 * second, redefine: [] }
    }
    if (world.phase === "none" && this.back !== null && this.back.ms <= world.ms) {
      const { redefine } = this.back
      this.back = null
      world.begin(redefine.map((number) => this.commands.declare(number)))
      await world.advance(0)
      await this.afterlife()
    }
  }

  private async perform(operation: Operation): Promise<void> {
    const { world } = this
    world.tell(`do ${JSON.stringify(operation)}`)
    switch (operation.do) {
      case "stepWall":
        return world.stepWall(operation.ms)
      case "outage":
        if (operation.how !== "slow" || world.outage === null)
          world.outage = { how: operation.how, untilMs: world.ms + operation.ms }
        return world.sometimes.note(`outage: ${operation.how}`)
      case "crash":
        if (!world.alive) return
        this.back = { ms: world.ms + operation.away, redefine: operation.redefine }
        world.cut("by command")
        return this.afterlife()
      case "shutdown":
        return this.shutdown(operation.wait, operation.deadline, operation.redefine)
      default:
        this.commands.give(operation)
        // Some commands come together, and share a commit.
        if (operation.at % 3 !== 0) await world.clock.settle()
        return this.afterlife()
    }
  }

  /** `redefine`: what the next process declares; `null`: there is none. */
  private shutdown(wait: boolean, deadline: number, redefine: ReadonlyArray<number> | null): void {
    const { world } = this
    const { scheduler, life } = world
    if (scheduler === null || world.phase === "none" || world.phase === "failed") return
    const endsMs = world.ms + (wait ? deadline : 0)
    const again = world.phase === "stopping"
    this.stopByMs = again ? Math.min(this.stopByMs, endsMs) : endsMs
    world.sometimes.note(again ? "shutdown again" : world.phase === "starting" ? "shutdown during start" : "shutdowns")
    world.phase = "stopping"
    const stopped = scheduler.shutdown({ wait, deadline })
    // The first tells of its end, at the earliest instant that was asked for.
    if (again) return void stopped.catch((error: unknown) => world.report("shutdown", `refused: ${tagOf(error)}`))
    stopped.then(
      () => {
        if (world.life !== life || !world.alive) return
        world.tell("stopped")
        // Deadline, then the time that a store which does not answer is given.
        if (world.ms > this.stopByMs + 60 * second)
          world.report("shutdown", `a shutdown took ${world.ms - this.stopByMs} ms longer than its deadline`)
        world.ended("stopped")
        this.commands.forget()
        this.back = redefine === null ? null : { ms: world.ms + second, redefine }
      },
      (error: unknown) => world.report("shutdown", `a shutdown is refused: ${tagOf(error)}`)
    )
  }

  /** Faults are over: what is due is served, what is claimed ends, and everything is on disk. */
  private async rest(): Promise<void> {
    const { world } = this
    world.tell("rest")
    world.healed = true
    world.outage = null
    if (world.phase === "none") this.back = { redefine: [], ...this.back, ms: world.ms }
    await this.reach(() => world.phase === "up", "the scheduler is up")
    if (this.isBroken() || world.scheduler === null) return
    world.scheduler.resume()
    await this.reach(() => world.scheduler?.actor.getSnapshot().value === "active", "degraded mode has ended")
    for (const { row, memory } of world.model.jobs.values()) {
      if (row.removedAt === null && memory.pausedAt !== null && row.value === "paused")
        this.commands.give({ at: 1, do: "resumeJob", id: row.id, missed: "coalesce" })
    }
    const machines = this.liveMachines()
    await this.until(world.ms + 2 * minute)
    // One whose job was parked as the faults ended waits for somebody to see to it.
    const isOver = (runKey: number): boolean =>
      (world.model.rows.get(runKey)?.outcome ?? null) !== null ||
      (world.model.jobs.get(world.model.runs.get(runKey)?.jobKey ?? NaN)?.memory.pausedAt ?? null) !== null
    const areOver = (): boolean => {
      for (const runKey of machines) {
        const run = world.model.rows.get(runKey)
        if (run !== undefined && !isOver(runKey) && world.model.steps.needsEvent(runKey)) this.commands.sendTo(run)
      }
      return machines.every(isOver)
    }
    await this.reach(areOver, "every machine that was under way has come to its end")
    if (this.isBroken()) return
    const verified = await this.answer(world.scheduler.verify())
    for (const { invariant, message, jobId } of verified?.violations ?? []) {
      if (jobId !== null && world.model.byId(jobId)?.row.trigger.includes("simulation.lying") === true) continue
      // A trigger that lies cannot be read, which is no fault of the engine.
      if (invariant !== "readable") world.report("verify", `${invariant}: ${message}`)
    }
    const ids = [...world.model.ids.keys()]
    for (const id of ids) this.commands.give({ at: 1, do: "removeJob", id })
    await this.until(world.ms + minute)
    for (const { memory } of world.model.jobs.values()) {
      for (const { runKey } of memory.live) {
        world.executions.cancelAsked.add(runKey)
        world.scheduler
          .cancelRun(String(runKey))
          .catch((error: unknown) => world.report("refused", `cancelRun at the end: ${tagOf(error)}`))
      }
    }
    const unfinished = (): ReadonlyArray<number> =>
      [...world.model.jobs.values()].flatMap(({ memory }) => memory.live.map(({ runKey }) => runKey))
    await this.reach(() => unfinished().length === 0, "every claimed run has ended")
    if (this.isBroken()) return
    await this.reach(() => this.commands.unanswered.size === 0, "every call has its answer")
    if (this.isBroken()) return
    const jobs = [...world.model.jobs.values()]
    this.shutdown(true, 30 * second, null)
    await this.reach(() => world.phase === "none", "the shutdown has ended")
    this.back = null
    if (this.isBroken()) return
    const disk = await compareDisk(world.inner, world.model, (invariant, message) => world.report(invariant, message))
    const expected: ReadonlyArray<ExpectedJob> = jobs.map(({ row }) => ({
      // Rules may change in mid-run: the model holds them at every commit.
      ...{ jobId: row.id, jobKey: row.key, maxInstances: 1_000, attempts: 1_000, rerun: null },
      owed: owedOf(world, row.key)
    }))
    const quietAt = world.clock.now()
    for (const { invariant, jobId, message } of checkHistory(
      { disk, seen: world.lines, quietAt, clockSetBack: world.setBack },
      expected
    ))
      world.report(`history: ${invariant}`, `job "${jobId}": ${message}`)
  }

  /** Runs of machines that are not over. */
  private liveMachines(): ReadonlyArray<number> {
    return [...this.world.model.jobs.values()].flatMap(({ row, memory }) =>
      row.task === "stepping" ? memory.live.map(({ runKey }) => runKey) : []
    )
  }

  private async reach(holds: () => boolean, what: string): Promise<void> {
    const { world } = this
    const giveUpMs = world.ms + 20 * minute
    await this.afterlife()
    while (!this.isBroken() && !holds()) {
      if (world.ms > giveUpMs) return world.report("liveness", `20 minutes after the last fault: not yet that ${what}`)
      await this.until(world.ms + second)
    }
  }

  private async answer<A>(promise: Promise<A>): Promise<A | null> {
    let answered: { readonly value: A } | null = null
    const done = promise.then(
      (value) => void (answered = { value }),
      (error: unknown) => this.world.report("untyped", `a question is refused: ${tagOf(error)}`)
    )
    await this.world.advance(second)
    await this.world.clock.settle()
    void done
    return (answered as { readonly value: A } | null)?.value ?? null
  }
}

const owedOf = (world: World, key: number): ExpectedJob["owed"] => {
  const stretches = world.model.owed.get(key)
  if (stretches === undefined || stretches === null) return null
  // What a trigger owes that breaks its contract, nobody knows.
  if (stretches.some(({ trigger }) => trigger.includes("simulation.lying"))) return null
  return stretches.map(({ trigger, after, through }) => ({
    ...{ after, through, passed: true },
    fireTimes: (from: number, to: number) => fireTimesOf(trigger, from, to) ?? []
  }))
}
