/** Getters and proxies that throw, in options, queries and definitions: a typed error, whatever field it is. Long, for a row each. */
import { firstValueFrom } from "rxjs"
import { expect, it } from "vitest"
import {
  and,
  calendarInterval,
  createScheduler,
  createSchedulerFromConfig,
  cron,
  date,
  defineTrigger,
  describeTrigger,
  explainFireTime,
  filter,
  fireTimes,
  fireTimes$,
  holidayCalendar,
  inProcess,
  interval,
  jitter,
  limit,
  not,
  or,
  readCrontab,
  RetryLater,
  stream,
  task,
  window
} from "../../src/index.ts"
import type { Scheduler } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import * as machines from "../../machines/index.ts"
import * as effect from "../../src/effect.ts"
import * as core from "../../src/index.ts"
import * as cronParsing from "../../src/cronParser.ts"
import { compareCron, cronParser, importFrom } from "../../src/cronParser.ts"
import { Outbox } from "../../src/outbox.ts"
import * as file from "../../src/sqlite.ts"
import * as testing from "../../src/testing.ts"
import { simulate, takes, virtualClock } from "../../src/testing.ts"
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
/** A proxy without a trap: by its class a Date, and no method of one takes it. */
const dateProxy = new Proxy(new Date(0), {})
const classGetters = (...fields: ReadonlyArray<string>): object =>
  Object.create(
    Object.defineProperties({}, Object.fromEntries(fields.map((field) => [field, { get: throwIt }])))
  ) as object
const throwsAtOnce: object = { [Symbol.iterator]: throwIt }
const throwsLater: object = {
  *[Symbol.iterator]() {
    yield { task: t, trigger: interval("1 day") }
    throwIt()
  }
}
const symbolGetter: object = {
  get [Symbol.toPrimitive](): never {
    return throwIt()
  }
}
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
  ["getLedger", "InvalidOptionError", (scheduler) => scheduler.getLedger(any(getter("kind")))],
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
  ["cronParser", "InvalidTriggerError", () => cronParser(any(proxy))],
  ["cronParser, an expression", "InvalidTriggerError", () => cronParser(any(getter("stringify")))],
  ["cronParser, options", "InvalidTriggerError", () => cronParser("* * * * *", any(proxy))],
  ["compareCron", "InvalidTriggerError", () => compareCron("* * * * *", any(proxy))],
  ["importFrom", "InvalidImportError", () => importFrom("bullmq", any(proxy))],
  ["importFrom, a list", "InvalidImportError", () => importFrom("bullmq", any(listProxy))],
  ["importFrom, options", "InvalidOptionError", () => importFrom("bullmq", [], any(proxy))],
  ["Outbox.make", "InvalidOptionError", () => Outbox.make(any(proxy))],
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
  ["ledger of a job", "InvalidOptionError", async (scheduler) => (await handleOf(scheduler)).ledger(any(proxy))],
  [
    "reschedule of a job",
    "InvalidJobError",
    async (scheduler) => (await handleOf(scheduler)).reschedule(interval(1), any(proxy))
  ]
]

/** Each entry that reads an instant or a duration, or a list. */
const more: typeof calls = [
  ["date, a proxied Date", "InvalidTriggerError", () => date(any(dateProxy))],
  ["interval, start", "InvalidTriggerError", () => interval("1 day", { start: any(dateProxy) })],
  ["jitter, by", "InvalidTriggerError", () => jitter(interval("1 day"), any(dateProxy))],
  ["window, start", "InvalidTriggerError", () => window(interval("1 day"), { start: any(dateProxy) })],
  ["explainFireTime, an instant", "InvalidInstantError", () => explainFireTime(interval("1 day"), any(dateProxy))],
  ["RetryLater, at", "InvalidInstantError", () => new RetryLater({ at: any(dateProxy) })],
  ["verifyFile, runAge", "InvalidOptionError", () => verifyFile("none.db", { runAge: any(dateProxy) })],
  ["virtualClock", "InvalidInstantError", () => virtualClock(any(dateProxy))],
  ["advance", "InvalidDurationError", () => virtualClock(0).advance(any(dateProxy))],
  ["addJob, timeout", "InvalidJobError", (scheduler) => scheduler.addJob({ task: t, timeout: any(dateProxy) })],
  ["getRuns, from a Date", "InvalidOptionError", (scheduler) => scheduler.getRuns({ from: any(dateProxy) })],
  ["shutdown, deadline", "InvalidOptionError", (scheduler) => scheduler.shutdown({ deadline: any(dateProxy) })],
  [
    "rescheduleJob, a grace",
    "InvalidJobError",
    (scheduler) => scheduler.rescheduleJob("a", interval("1 day"), { misfireGrace: any(dateProxy) } as never)
  ],
  ["addJobs, an iterator", "InvalidOptionError", (scheduler) => scheduler.addJobs(any(throwsAtOnce))],
  ["addJobs, an iterator, later", "InvalidOptionError", (scheduler) => scheduler.addJobs(any(throwsLater))],
  ["addJobs, an item", "InvalidJobError", (scheduler) => scheduler.addJobs([any(getter("task"))])],
  ["addJobs, an item's class", "InvalidJobError", (scheduler) => scheduler.addJobs([any(classGetters("id"))])],
  ["addJob, its class", "InvalidJobError", (scheduler) => scheduler.addJob(any(classGetters("id", "task")))],
  [
    "addJob, a trigger's class",
    "InvalidJobError",
    (scheduler) => scheduler.addJob({ task: t, trigger: any(classGetters("next")) })
  ],
  ["getRuns, its class", "InvalidOptionError", (scheduler) => scheduler.getRuns(any(classGetters("from")))],
  ["createScheduler, inspect", "InvalidOptionError", () => createScheduler({ inspect: any(classGetters("next")) })],
  ["createSchedulerFromConfig, null", "InvalidOptionError", () => createSchedulerFromConfig({}, null as never)],
  ["defineTrigger", "InvalidTriggerError", () => defineTrigger(any(classGetters("type")))],
  ["simulate, its class", "InvalidOptionError", () => simulate(any(classGetters("from")))],
  ["simulate, jobs", "InvalidOptionError", () => simulate({ tasks: [t], jobs: any(throwsLater), from: 0, to: 1000 })],
  ["pauseJob", "InvalidJobError", (scheduler) => scheduler.pauseJob(any(proxy))],
  ["getJob", "InvalidJobError", (scheduler) => scheduler.getJob(any(proxy))],
  ["skipNext", "InvalidJobError", (scheduler) => scheduler.skipNext(any(proxy))],
  ["removeJob", "InvalidJobError", (scheduler) => scheduler.removeJob(any(proxy))],
  ["jobActor", "InvalidJobError", (scheduler) => scheduler.jobActor(any(proxy))],
  ["snapshot", "InvalidJobError", (scheduler) => scheduler.snapshot(any(proxy))],
  ["removeAllJobs", "InvalidOptionError", (scheduler) => scheduler.removeAllJobs(any(proxy))],
  ["pauseJobs", "InvalidOptionError", (scheduler) => scheduler.pauseJobs(any(proxy))],
  ["resumeJobs", "InvalidOptionError", (scheduler) => scheduler.resumeJobs(any(proxy))],
  ["removeJobs", "InvalidOptionError", (scheduler) => scheduler.removeJobs(any(proxy))],
  ["retryRun", "UnknownNameError", (scheduler) => scheduler.retryRun(any(proxy))],
  ["cancelRun", "UnknownNameError", (scheduler) => scheduler.cancelRun(any(proxy))],
  ["sendToRun", "UnknownNameError", (scheduler) => scheduler.sendToRun(any(proxy), { type: "paid" })],
  ["sendToRun, event", "InvalidEventError", (scheduler) => scheduler.sendToRun("1", any(proxy))],
  ["sendToRun, its class", "InvalidEventError", (scheduler) => scheduler.sendToRun("1", any(classGetters("type")))],
  ["preview", "InvalidOptionError", (scheduler) => scheduler.preview(any(proxy))],
  ["printJobs", "InvalidOptionError", (scheduler) => scheduler.printJobs(any(proxy))],
  ["addStream", "InvalidOptionError", (scheduler) => scheduler.addStream("s", any(proxy))],
  ["addCalendar", "InvalidOptionError", (scheduler) => scheduler.addCalendar(any(proxy), any(proxy))],
  ["removeStore", "UnknownNameError", (scheduler) => scheduler.removeStore(any(proxy))],
  ["removeExecutor", "UnknownNameError", (scheduler) => scheduler.removeExecutor(any(proxy))],
  ["job$", "InvalidJobError", (scheduler) => firstValueFrom(scheduler.job$(any(proxy)))],
  ["jobs$", "InvalidOptionError", (scheduler) => firstValueFrom(scheduler.jobs$(any(proxy)))],
  ["eventsAfter$", "InvalidCursorError", (scheduler) => firstValueFrom(scheduler.eventsAfter$(any(proxy)))],
  ["runs$", "InvalidOptionError", (scheduler) => firstValueFrom(scheduler.runs$(any(proxy)))],
  ["start", "InvalidOptionError", () => createScheduler().start(any(proxy))],
  ["takes", "InvalidDurationError", () => takes(any(proxy))],
  [
    "simulate, steps",
    "InvalidOptionError",
    () => simulate({ tasks: "none", jobs: [], from: 0, to: 1000, steps: any(throwsAtOnce) })
  ],
  [
    "simulate, downtime",
    "InvalidOptionError",
    () => simulate({ tasks: "none", jobs: [], from: 0, to: 1000, downtime: any(throwsAtOnce) })
  ],
  ["Job.make", "InvalidTaskError", () => effect.Job.make(any(proxy))],
  ["Job.make, a part", "InvalidTaskError", () => effect.Job.make(any(getter("success")))],
  ["carry", "InvalidOptionError", () => effect.carry(any(proxy), any(proxy))],
  ["not", "InvalidTriggerError", () => not(interval("1 day"), any(proxy))],
  ["window", "InvalidTriggerError", () => window(any(proxy), {})],
  ["limit", "InvalidTriggerError", () => limit(interval("1 day"), any(proxy))],
  ["stream", "InvalidTriggerError", () => stream(any(proxy))],
  ["interval", "InvalidTriggerError", () => interval(any(proxy))],
  ["calendarInterval", "InvalidTriggerError", () => calendarInterval(any(proxy))],
  ["fireTimes", "InvalidTriggerError", () => fireTimes(interval("1 day"), any(proxy))],
  ["describeTrigger", "InvalidTriggerError", () => describeTrigger(any(proxy))],
  ["fireTimes$", "InvalidTriggerError", () => fireTimes$(interval("1 day"), any(proxy))],
  ["task, a handler", "InvalidTaskError", () => task("z", any(functionProxy))],
  ["readCrontab, a symbol", "InvalidCrontabError", () => readCrontab("", any(symbolGetter))],
  ["createSchedulerFromConfig, a symbol", "InvalidOptionError", () => createSchedulerFromConfig(any(symbolGetter))],
  ["sqlite, a symbol", "InvalidSqliteOption", () => sqlite(any(symbolGetter))],
  ["modifyJob, a symbol", "InvalidJobError", (scheduler) => scheduler.modifyJob("a", any(symbolGetter))]
]

const table = [...calls, ...more].map(String).join("\n")
const isCalled = (name: string): boolean => new RegExp(`\\b${name.replace("$", "\\$")}\\)?\\(`).test(table)

it("every entry that takes input is in the table, or has its reason here", () => {
  const entries = Object.entries({ ...core, ...cronParsing, ...file, ...testing, ...effect, ...machines })
    .filter(([, value]) => typeof value === "function" && !(value.prototype instanceof Error))
    .map(([name]) => name)
  expect(entries.filter((name) => !isCalled(name) && !(name in exempt))).toEqual([])
  expect(Object.keys(exempt).filter((name) => isCalled(name) || !entries.includes(name))).toEqual([])
})

/** Entries that have no row, and why. */
const exempt: Readonly<Record<string, string>> = {
  Store: "is the tag of a service",
  memory: "takes nothing",
  VirtualClock: "virtualClock makes one, and reads what it starts at",
  storeContract: "a suite: what a store does wrong is what it tells",
  executorContract: "a suite, as storeContract",
  Scheduler: "its layer takes what createScheduler takes, and reads it there",
  runLogic: "does nothing until an actor of it runs, and then hands on what it was given to runJob",
  jobLogic: "the same, to job$",
  newMemory: "makes the state of a machine, of numbers",
  stateOf: "the state that a machine's memory says"
}

it("every verb of a scheduler that takes input is in the table, or has its reason here", async () => {
  const scheduler = await newWorld("memory").start()
  const verbs = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(scheduler)))
    .filter(([name, { value }]) => typeof value === "function" && !(name in privateParts))
    .map(([name]) => name)
  expect(verbs.filter((name) => !isCalled(name) && !(name in exemptVerbs))).toEqual([])
  expect(Object.keys(exemptVerbs).filter((name) => isCalled(name) || !verbs.includes(name))).toEqual([])
})

/** Private in TypeScript. */
const privateParts: Readonly<Record<string, true>> = {
  startWith: true,
  change: true,
  handle: true,
  runHandle: true,
  tentativeHandles: true
}

/** Verbs that have no row, and why. */
const exemptVerbs: Readonly<Record<string, string>> = {
  pause: "takes nothing",
  resume: "takes nothing",
  status: "takes nothing",
  verify: "takes nothing",
  whenStopped: "is of the Effect layer, which gives a function of its own",
  defineTask: "is of Job in the Effect face, which gives definitions of its own",
  withdrawTask: "is of Job in the Effect face, which gives tasks of its own",
  addJobFor: "is of the Effect face, and reads what addJob reads",
  runJobFor: "is of the Effect face, and reads what runJob reads",
  retryRunFor: "is of the Effect face, and reads what retryRun reads",
  declareJob: "is of Job in the Effect face, and reads what addJob reads",
  readTrigger: "is of the outbox, which gives the stored forms that it wrote",
  settledRun: "is of Job in the Effect face, and reads what a run's handle reads"
}

it.each([...calls, ...more])("%s refuses what throws when it is read with %s", async (_what, tag, call) => {
  const scheduler = await newWorld("memory").start({ tasks: [t] })
  await scheduler.addJob({ id: "a", task: t, trigger: interval("1 hour") })
  await expect((async () => call(scheduler))()).rejects.toMatchObject({ _tag: tag })
})
