/** Jobs and units of work by hand: nothing is read and nothing is written. */
import type { Job } from "../../../src/engine/job/jobCodec.ts"
import type { Consequences } from "../../../src/engine/writer/consequences.ts"
import type { UnitEnvironment } from "../../../src/engine/writer/unitEnvironment.ts"
import { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import type { EventBody, SchedulerEventType } from "../../../src/event/schedulerEvent.ts"
import type { JobRules } from "../../../src/job/rules.ts"
import { defaultRules } from "../../../src/job/rules.ts"
import type { LiveRun } from "../../../src/job/run.ts"
import type { JobMemory } from "../../../src/job/snapshot.ts"
import { newMemory, stateOf } from "../../../src/job/snapshot.ts"
import type { JobDefinitionRow } from "../../../src/store/jobStore.ts"
import type { Trigger } from "../../../src/trigger/trigger.ts"
import { MissingTrigger } from "../../../src/trigger/missingTrigger.ts"
import { UnknownTriggerError } from "../../../src/trigger/triggerRegistry.ts"
import { interval } from "../../../src/trigger/interval.ts"

export const minute = 60_000

export const everyMinute = interval("1 minute", { start: 0 })

export interface JobParts {
  readonly memory?: Partial<JobMemory>
  readonly rules?: Partial<JobRules>
  readonly task?: string
  readonly executor?: string
  readonly removedAt?: number | null
  readonly trigger?: Trigger
  /** What else the row says. */
  readonly row?: Partial<JobDefinitionRow>
}

/** Added at 0, first due after a minute. */
export const makeJob = (
  key: number,
  { memory, rules, removedAt = null, trigger = everyMinute, ...parts }: JobParts = {}
): Job => {
  const allRules = { ...defaultRules, ...rules }
  const allMemory = { ...newMemory(0, minute, false), ...memory }
  return {
    key,
    row: {
      id: `job-${key}`,
      task: parts.task ?? "report",
      executor: parts.executor ?? "default",
      trigger: JSON.stringify(trigger.toJSON()),
      stream: trigger.stream ?? null,
      args: `{"to":"ops"}`,
      rules: JSON.stringify(allRules),
      notes: "{}",
      addedAt: 0,
      ...parts.row
    },
    rules: allRules,
    trigger,
    value: stateOf(allMemory),
    memory: allMemory,
    removedAt
  }
}

export const liveRun = (runKey: number, fields: Partial<LiveRun> = {}): LiveRun => ({
  runKey,
  fireAt: minute,
  attempt: 1,
  retryAt: null,
  ...fields
})

export const makeUnit = (environment: Partial<UnitEnvironment> = {}): UnitOfWork =>
  new UnitOfWork({
    now: minute,
    firstJobKey: 100,
    firstRunKey: 1000,
    claiming: true,
    paused: false,
    missedThrough: null,
    forgottenThrough: null,
    runId: (runKey) => `run-${runKey}`,
    inbox: { next: 1, numbers: () => [] },
    ...environment
  })

/** Stands for a trigger whose type is not registered. */
export const missingTrigger: Trigger = new MissingTrigger({ type: "tides" }, () => {
  throw new UnknownTriggerError({ type: "tides", known: ["interval"] })
})

/** One that throws when it is asked. */
export const faultyTrigger: Trigger = {
  type: "faulty",
  next: () => {
    throw new Error("out of order")
  },
  toJSON: () => ({ type: "faulty" })
}

/** What a call throws. */
export const thrownBy = (call: () => unknown): unknown => {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

/** What it tells to somebody who listens to events of these types; `null`: to all. */
export const toldBy = (
  consequences: Pick<Consequences, "tellTo">,
  types: ReadonlyArray<SchedulerEventType> | null = null
): { readonly events: ReadonlyArray<EventBody>; readonly skipped: number } => {
  const events: Array<EventBody> = []
  let skipped = 0
  const wants = (type: SchedulerEventType): boolean => types === null || types.includes(type)
  consequences.tellTo({
    wants,
    tell: (event) => (wants(event.type) ? events.push(event) : (skipped += 1)),
    skip: (count) => (skipped += count)
  })
  return { events, skipped }
}
