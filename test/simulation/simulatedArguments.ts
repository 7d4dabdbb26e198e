/** What an attempt of the simulated task is called with: whose definition, and what makes one run different from the next. */
import type { StreamName } from "./plan.ts"

export interface SimulatedArguments {
  readonly definition: number
  /** Of a run on request: which one it was. */
  readonly request?: number
  /** Of a run for a value of a stream. */
  readonly value?: EmittedValue
}

export interface EmittedValue {
  readonly of: StreamName
  readonly number: number
}

export const argumentsIn = (args: unknown): SimulatedArguments => args as SimulatedArguments

/** True where they are not the job's own alone. */
export const isOwn = (args: unknown): boolean => {
  const { request, value } = argumentsIn(args)
  return request !== undefined || value !== undefined
}

/** The value in stored arguments of a run; `null`: there is none. */
export const valueIn = (args: string | null): EmittedValue | null =>
  args === null ? null : (argumentsIn(JSON.parse(args)).value ?? null)
