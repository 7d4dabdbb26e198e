/** Definitions of jobs by hand, and what they are read against. */
import type { DefinitionEnvironment, JobDefinition } from "../../../src/engine/job/jobDefinition.ts"
import { defineJob } from "../../../src/engine/job/jobDefinition.ts"
import type { JobInput } from "../../../src/job/jobOptions.ts"
import { defaultRules } from "../../../src/job/rules.ts"
import { task } from "../../../src/task/task.ts"
import { TaskRegistry } from "../../../src/task/taskRegistry.ts"
import type { TriggerSpec } from "../../../src/trigger/trigger.ts"
import { createTriggerRegistry } from "../../../src/trigger/triggerRegistry.ts"
import { everyMinute, minute } from "./jobs.ts"

const registry = createTriggerRegistry()

export const definitionEnvironment = (given: Partial<DefinitionEnvironment> = {}): DefinitionEnvironment => ({
  now: minute,
  timezone: "UTC",
  rules: defaultRules,
  tasks: new TaskRegistry([task("report", () => null), task("mail", () => null)]),
  readTrigger: (text) => registry.read(JSON.parse(text) as TriggerSpec),
  knowsExecutor: (name) => name === "default" || name === "own",
  knowsStream: (name) => name === "orders",
  streamIsOver: () => false,
  makeId: (name) => `${name}-1`,
  ...given
})

/** A job `report` every minute, from a minute after the epoch on. */
export const define = (
  input: Partial<JobInput> & { readonly id: string },
  environment: Partial<DefinitionEnvironment> = {}
): JobDefinition => defineJob({ task: "report", trigger: everyMinute, ...input }, definitionEnvironment(environment))
