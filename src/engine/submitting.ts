/** Commands of callers to a lane, as promises of what they gave once it is on disk. */
import type { Engine } from "./engine.ts"
import { command, weightOf } from "./intent.ts"
import type { Plan } from "./plan.ts"
import type { StoreLane } from "./storeLane.ts"

/** The jobs that a command needs, by id or key, and how many of them it touches. Default: as many as it names. */
export interface Needs {
  readonly ids?: ReadonlyArray<string>
  readonly keys?: ReadonlyArray<number>
  /** Characters of the arguments that it brings. */
  readonly textLength?: number
}

export const submit = <A>(engine: Engine, lane: StoreLane, needs: Needs, apply: (plan: Plan) => A): Promise<A> =>
  submitAnd(engine, lane, needs, apply, (given) => given)

/** `then` is called within the commit: a moment later another may have passed by. */
export const submitAnd = <A, B>(
  engine: Engine,
  lane: StoreLane,
  { ids = [], keys = [], textLength = 0 }: Needs,
  apply: (plan: Plan) => A,
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
    lane.submit(command(needs, apply, { resolve: settle, reject }))
  })
