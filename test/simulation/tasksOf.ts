/** The task of a simulated world that is a function: what an attempt does is drawn from its job, fire time and attempt, so it is the same in each run. */
import { task } from "../../src/index.ts"
import type { AnyTask } from "../../src/index.ts"
import type { VirtualClock } from "../../src/testing.ts"
import type { Behaviour, Definition } from "./plan.ts"
import { Random } from "./random.ts"
import { argumentsIn } from "./simulatedArguments.ts"

/** What the world hears of an attempt. Each answers false when the attempt's process is gone: nobody sees it any more. */
export interface TaskWatch {
  start(about: AttemptAbout): Seen | null
}

export interface AttemptAbout {
  readonly jobId: string
  readonly runId: string
  readonly fireAt: number
  readonly attempt: number
  readonly args: unknown
}

export interface Seen {
  /** `what`: the result as JSON, or the error's name; `null` where there is no simple answer. */
  ended(how: "returned" | "threw", what: string | null): void
  aborted(reason: string): void
}

export class Named extends Error {
  constructor(name: string) {
    super(`the task failed with ${name}`)
    this.name = name
  }
}

export const simulatedTask = (definitions: ReadonlyArray<Definition>, clock: VirtualClock, watch: TaskWatch): AnyTask =>
  task("simulated", (context) => {
    const { jobId, runId, fireAt, attempt } = context
    const seen = watch.start({ jobId, runId, fireAt, attempt, args: context.args })
    if (seen === null) return new Promise<null>(() => undefined)
    const { definition: defined } = argumentsIn(context.args)
    const definition = definitions.find(({ number }) => number === defined)
    const chance = new Random(fireAt / 1000 + attempt * 7919 + defined * 104_729)
    const behaviour = chance.pick(definition?.behaviours ?? [{ does: "instant" }])
    if (behaviour.does !== "instant") {
      context.signal.addEventListener("abort", () => seen.aborted(reasonOf(context)))
      if (context.signal.aborted) seen.aborted(reasonOf(context))
    }
    const result = chance.chance(largeShare) ? chance.pick(largeTexts) : null
    return behave(behaviour, clock, context.signal, seen, result)
  })

/** The tag of what its signal aborted with. */
export const reasonOf = ({ signal }: { readonly signal: AbortSignal }): string =>
  (signal.reason as { readonly _tag?: string } | undefined)?._tag ?? "?"

/** Now and then a result weighs more than all others of its commit, or than one turn of the loop is given to. */
const largeShare = 0.005
const largeTexts = [120_000, 400_000, 900_000].map((length) => "large ".repeat(length / 6))

const behave = (
  behaviour: Behaviour,
  clock: VirtualClock,
  signal: AbortSignal,
  seen: Seen,
  large: string | null
): unknown => {
  const returned = <A>(value: A): A => {
    seen.ended("returned", typeof value === "bigint" ? null : JSON.stringify(value))
    return value
  }
  const threw = (error: unknown): never => {
    seen.ended("threw", error instanceof Named ? error.name : null)
    throw error
  }
  switch (behaviour.does) {
    case "instant":
      return returned(large ?? "done")
    case "slow":
    case "ignore":
      return clock.wait(behaviour.ms).then(() => returned(large ?? behaviour.ms))
    case "fail":
      return behaviour.ms === 0
        ? threw(new Named(behaviour.error))
        : clock.wait(behaviour.ms).then(() => threw(new Named(behaviour.error)))
    case "throwNull":
      return threw(null)
    case "hang":
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Named("Aborted")))
      })
    case "settleTwice":
      return settlingTwice(clock.wait(behaviour.ms), () => void returned("first"))
    case "notJson":
      return returned(1n)
  }
}

/** A thenable that breaks the rules of promises. */
const settlingTwice = (moment: Promise<void>, first: () => void): unknown => ({
  then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
    void moment.then(() => {
      first()
      resolve("first")
      resolve("second")
      reject(new Named("Late"))
    })
  }
})
