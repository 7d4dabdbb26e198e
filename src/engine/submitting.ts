/** Commands of callers to a writer, as promises of what they gave once it is on disk. */
import type { Engine } from "./engine.ts"
import { command, weightOf } from "./writer/intent.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"
import type { StoreWriter } from "./writer/storeWriter.ts"

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
