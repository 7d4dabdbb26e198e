/** Jobs and units of work by hand: nothing is read and nothing is written. */
import type { Job } from "../../../src/engine/job/jobCodec.ts"
import type { UnitEnvironment } from "../../../src/engine/writer/unitEnvironment.ts"
import { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import type { JobRules } from "../../../src/job/rules.ts"
import { defaultRules } from "../../../src/job/rules.ts"
import type { LiveRun } from "../../../src/job/run.ts"
import type { JobMemory } from "../../../src/job/snapshot.ts"
import { newMemory, stateOf } from "../../../src/job/snapshot.ts"
import { interval } from "../../../src/trigger/interval.ts"

export const minute = 60_000

export const everyMinute = interval("1 minute", { start: 0 })

interface Parts {
  readonly memory?: Partial<JobMemory>
  readonly rules?: Partial<JobRules>
  readonly task?: string
  readonly executor?: string
  readonly removedAt?: number | null
}

/** Added at 0, first due after a minute. */
export const makeJob = (key: number, { memory, rules, removedAt = null, ...parts }: Parts = {}): Job => {
  const allRules = { ...defaultRules, ...rules }
  const allMemory = { ...newMemory(0, minute, false), ...memory }
  return {
    key,
    row: {
      id: `job-${key}`,
      task: parts.task ?? "report",
      executor: parts.executor ?? "default",
      trigger: JSON.stringify(everyMinute.toJSON()),
      stream: null,
      args: `{"to":"ops"}`,
      rules: JSON.stringify(allRules),
      notes: "{}",
      addedAt: 0
    },
    rules: allRules,
    trigger: everyMinute,
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
    observed: true,
    runId: (runKey) => `run-${runKey}`,
    ...environment
  })
