/** Everything an engine is made of, checked and with its defaults. */
import type { Clock, Runtime } from "effect"
import type { Observable } from "rxjs"
import type { ActorOptions, AnyActorLogic, AnyActorRef } from "xstate"
import type { Within } from "../event/callback.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { JobRules } from "../job/rules.ts"
import type { JobStore } from "../store/jobStore.ts"
import type { TaskRegistry } from "../task/taskRegistry.ts"
import type { HolidayCalendar } from "../trigger/holidayCalendar.ts"
import type { Trigger, TriggerSpec } from "../trigger/trigger.ts"
import type { RetentionRules } from "./writer/retention.ts"

/** XState's `inspect`: a function or an observer that is shown the actors and what they are sent. */
export type Inspect = NonNullable<ActorOptions<AnyActorLogic>["inspect"]>

export interface EngineOptions {
  readonly tasks: TaskRegistry
  readonly stores: ReadonlyMap<string, JobStore>
  readonly executors: ReadonlyMap<string, ExecutorProvider>
  readonly streams: ReadonlyMap<string, Observable<unknown>>
  readonly readTrigger: (spec: TriggerSpec) => Trigger
  /** Registers a calendar for stored triggers. False: another has its name. */
  readonly addCalendar: (calendar: HolidayCalendar) => boolean
  readonly timezone: string
  readonly rules: JobRules
  readonly retention: RetentionRules
  readonly cachedJobs: number
  /** How long a command waits for a store that is away; `Infinity`: for ever. */
  readonly commandTimeoutMs: number
  readonly clock?: Clock.Clock
  readonly inspect?: Inspect
  /** An actor in whose system the scheduler's are made. */
  readonly parent?: AnyActorRef
  readonly runtime: Runtime.Runtime<never>
  /** Calls what is the user's in the async context that the scheduler was made in. */
  readonly within: Within
  readonly owner: { readonly pid: number; readonly host: string }
  /** Told what a listener, a stream or the engine's surroundings threw. */
  readonly onError: (error: unknown, where: string) => void
}
