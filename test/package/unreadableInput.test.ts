/** Getters and proxies that throw, in options, queries and definitions: a typed error, whatever field it is. */
import { expect, it } from "vitest"
import {
  and,
  createScheduler,
  createSchedulerFromConfig,
  cron,
  date,
  explainFireTime,
  filter,
  holidayCalendar,
  inProcess,
  interval,
  jitter,
  or,
  readCrontab,
  RetryLater,
  task
} from "../../src/index.ts"
import type { Scheduler } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { simulate } from "../../src/testing.ts"
import { newWorld } from "../scenarios/world.ts"

const throwIt = (): never => {
  throw new Error("trap")
}
const proxy: object = new Proxy({}, { get: throwIt, has: throwIt, ownKeys: throwIt, getPrototypeOf: throwIt })
const getProxy: object = new Proxy({}, { get: throwIt })
const listProxy: object = new Proxy([], { get: throwIt, has: throwIt, ownKeys: throwIt, getPrototypeOf: throwIt })
const functionProxy: object = new Proxy(() => 1, {
  get: throwIt,
  has: throwIt,
  ownKeys: throwIt,
  getPrototypeOf: throwIt
})
const revoked = (): object => {
  const { proxy: dead, revoke } = Proxy.revocable({}, {})
  revoke()
  return dead
}
const getter = (field: string): object => Object.defineProperty({}, field, { enumerable: true, get: throwIt })
const any = (value: object): never => value as never
const t = task("t", () => 1)
const handleOf = (scheduler: Scheduler) =>
  scheduler.addJob({ id: "a", task: t, trigger: interval("1 hour"), ifExists: "keep" })

const calls: ReadonlyArray<[string, string, (scheduler: Scheduler) => unknown]> = [
  ["createScheduler", "InvalidOptionError", () => createScheduler(any(proxy))],
  ["createScheduler, a store", "InvalidOptionError", () => createScheduler({ store: any(proxy) })],
  ["createScheduler, a field", "InvalidOptionError", () => createScheduler(any(getter("stores")))],
  ["createScheduler, retention", "InvalidOptionError", () => createScheduler({ retention: any(getter("runAge")) })],
  ["addJob", "InvalidJobError", (scheduler) => scheduler.addJob(any(proxy))],
  ["addJob, id", "InvalidJobError", (scheduler) => scheduler.addJob(any(getter("id")))],
  ["addJob, retry", "InvalidJobError", (scheduler) => scheduler.addJob({ task: t, retry: any(getter("attempts")) })],
  ["modifyJob", "InvalidJobError", (scheduler) => scheduler.modifyJob("a", any(proxy))],
  ["getJobs", "InvalidOptionError", (scheduler) => scheduler.getJobs(any(proxy))],
  ["getRuns", "InvalidOptionError", (scheduler) => scheduler.getRuns(any(getter("limit")))],
  ["getRuns, from", "InvalidOptionError", (scheduler) => scheduler.getRuns({ from: any(proxy) })],
  ["getMisfires", "InvalidOptionError", (scheduler) => scheduler.getMisfires(any(getter("kind")))],
  ["resumeJob", "InvalidOptionError", (scheduler) => scheduler.resumeJob("a", any(getter("missed")))],
  ["shutdown", "InvalidOptionError", (scheduler) => scheduler.shutdown(any(proxy))],
  ["cron", "InvalidTriggerError", () => cron("* * * * *", any(proxy))],
  ["cron fields", "InvalidTriggerError", () => cron(any(getter("minute")))],
  ["createScheduler, in tasks", "InvalidOptionError", () => createScheduler({ tasks: [any(proxy)] })],
  ["createScheduler, in calendars", "InvalidOptionError", () => createScheduler({ calendars: [any(proxy)] })],
  ["addJobs", "InvalidOptionError", (scheduler) => scheduler.addJobs(any(proxy))],
  ["addJobs, revoked", "InvalidOptionError", (scheduler) => scheduler.addJobs(any(revoked()))],
  ["addJobs, a list", "InvalidOptionError", (scheduler) => scheduler.addJobs(any(listProxy))],
  ["addJob, tags", "InvalidJobError", (scheduler) => scheduler.addJob({ task: t, tags: any(listProxy) })],
  ["importJobs", "InvalidExportError", (scheduler) => scheduler.importJobs(any(proxy))],
  ["addStore", "InvalidOptionError", (scheduler) => scheduler.addStore("s", any(proxy))],
  ["addExecutor", "InvalidOptionError", (scheduler) => scheduler.addExecutor("e", any(proxy))],
  ["exportJobs", "InvalidOptionError", (scheduler) => scheduler.exportJobs(any(proxy))],
  ["exportJobs, a field", "InvalidOptionError", (scheduler) => scheduler.exportJobs(any(getter("tag")))],
  ["on", "InvalidOptionError", (scheduler) => scheduler.on(any(proxy), () => undefined)],
  ["on, in a list", "InvalidOptionError", (scheduler) => scheduler.on([any(proxy)], () => undefined)],
  ["addTask", "InvalidTaskError", (scheduler) => scheduler.addTask(any(proxy))],
  ["addTask, reads refused", "InvalidTaskError", (scheduler) => scheduler.addTask(any(getProxy))],
  ["createScheduler, reads refused", "InvalidOptionError", () => createScheduler(any(getProxy))],
  ["addJob, reads refused", "InvalidJobError", (scheduler) => scheduler.addJob(any(getProxy))],
  ["addJob, args, reads refused", "InvalidJobError", (scheduler) => scheduler.addJob({ task: t, args: any(getProxy) })],
  [
    "addJob, retry, reads refused",
    "InvalidJobError",
    (scheduler) => scheduler.addJob({ task: t, retry: any(getProxy) })
  ],
  ["getJobs, reads refused", "InvalidOptionError", (scheduler) => scheduler.getJobs(any(getProxy))],
  ["runJob, reads refused", "InvalidOptionError", (scheduler) => scheduler.runJob("a", any(getProxy))],
  ["shutdown, reads refused", "InvalidOptionError", (scheduler) => scheduler.shutdown(any(getProxy))],
  ["date, reads refused", "InvalidTriggerError", () => date(any(getProxy))],
  ["task, options", "InvalidTaskError", () => task("z", () => 1, any(getter("executor")))],
  ["createSchedulerFromConfig", "InvalidOptionError", () => createSchedulerFromConfig(any(proxy))],
  ["createSchedulerFromConfig, registry", "InvalidOptionError", () => createSchedulerFromConfig({}, any(proxy))],
  ["createSchedulerFromConfig, a job", "InvalidOptionError", () => createSchedulerFromConfig({ jobs: [any(proxy)] })],
  ["sqlite", "InvalidSqliteOption", () => sqlite(any(proxy))],
  ["simulate", "InvalidOptionError", () => simulate(any(proxy))],
  ["and", "InvalidTriggerError", () => and(any(listProxy))],
  ["or, revoked", "InvalidTriggerError", () => or(any(revoked()))],
  ["explain", "InvalidInstantError", (scheduler) => scheduler.explain("a", any(proxy))],
  ["inProcess", "InvalidExecutorError", () => inProcess(any(proxy))],
  ["RetryLater", "InvalidInstantError", () => new RetryLater(any(proxy))],
  ["RetryLater, nothing", "InvalidInstantError", () => new RetryLater(undefined as never)],
  ["date", "InvalidTriggerError", () => date(any(proxy))],
  ["jitter", "InvalidTriggerError", () => jitter(interval("1 day"), any(revoked()))],
  ["holidayCalendar", "InvalidTriggerError", () => holidayCalendar("n", any(proxy))],
  ["holidayCalendar, a date", "InvalidTriggerError", () => holidayCalendar("n", [any(proxy)])],
  ["readCrontab", "InvalidCrontabError", () => readCrontab("", any(proxy))],
  ["explainFireTime", "InvalidInstantError", () => explainFireTime(interval("1 day"), any(proxy))],
  ["filter", "InvalidTriggerError", () => filter(interval("1 day"), any(proxy))],
  [
    "a function for createScheduler's store",
    "InvalidOptionError",
    () => createScheduler({ store: any(functionProxy) })
  ],
  ["a function for cron's text", "InvalidTriggerError", () => cron(any(functionProxy))],
  ["a function for date's instant", "InvalidTriggerError", () => date(any(functionProxy))],
  ["a function for an event's type", "InvalidOptionError", (scheduler) => scheduler.on(any(functionProxy), () => 1)],
  ["task, args", "InvalidTaskError", () => task("z", () => 1, { args: any(proxy) })],
  ["rescheduleJob", "InvalidJobError", (scheduler) => scheduler.rescheduleJob("a", interval("1 day"), any(proxy))],
  ["runs of a job", "InvalidOptionError", async (scheduler) => (await handleOf(scheduler)).runs(any(getter("limit")))],
  ["misfires of a job", "InvalidOptionError", async (scheduler) => (await handleOf(scheduler)).misfires(any(proxy))],
  [
    "reschedule of a job",
    "InvalidJobError",
    async (scheduler) => (await handleOf(scheduler)).reschedule(interval(1), any(proxy))
  ]
]

it.each(calls)("%s refuses what throws when it is read with %s", async (_what, tag, call) => {
  const scheduler = await newWorld("memory").start({ tasks: [t] })
  await scheduler.addJob({ id: "a", task: t, trigger: interval("1 hour") })
  await expect((async () => call(scheduler))()).rejects.toMatchObject({ _tag: tag })
})
