/**
 * Fifty clients that ask beside a scheduler with more due than it can run: in alternating stretches of one run, runs per second with
 * them and without, how long each question takes, and the longest time that the event loop stood still. 300,000 jobs: 200,000 that
 * are always due, and 100,000 that share one fire time to come.
 */
import { join } from "node:path"
import type { Scheduler } from "carillon"
import { cron, interval } from "carillon"
import type { BenchSettings, Figure } from "./figure.ts"
import { atLeast, atMost, figure } from "./figure.ts"
import { inChild } from "./inChild.ts"
import { schedulerOn, writeJobFile } from "./jobFile.ts"
import { inDirectory, median, perSecond, quantile, sleep, watchLoop } from "./meter.ts"

const clients = 50
const stretchMs = 2000

interface Load {
  readonly filename: string
  readonly due: number
  readonly sleeping: number
  readonly stretches: number
}

export const measure = ({ scale, rounds }: BenchSettings): Promise<ReadonlyArray<Figure>> =>
  inDirectory(async (directory) => {
    const due = Math.round(200_000 * scale)
    const sleeping = Math.round(100_000 * scale)
    const input: Load = { filename: join(directory, "asked.db"), due, sleeping, stretches: rounds }
    const module = import.meta.url
    await inChild({ module, name: "build", input })
    const { alone, asked, answers, stallMs, stallAloneMs } = await inChild<Asked>({ module, name: "ask", input })
    const name = `${clients} askers`
    return [
      figure({
        name: `${name}: runs a second beside them, of those without them`,
        unit: "of 1",
        value: median(asked) / median(alone),
        target: atLeast(0.9),
        beside: { name: "runs/s without them", value: median(alone) }
      }),
      figure({
        name: `${name}: longest stall of the loop`,
        unit: "ms",
        value: stallMs,
        target: atMost(50),
        beside: { name: "without them", value: stallAloneMs }
      }),
      ...Object.entries(answers).flatMap(([question, took]) => [
        figure({
          name: `${name}: ${question}, p50`,
          unit: "ms",
          value: median(took),
          beside: { name: "answers", value: took.length }
        }),
        figure({ name: `${name}: ${question}, p99`, unit: "ms", value: quantile(took, 0.99) })
      ])
    ]
  })

export const build = ({ filename, due, sleeping }: Load): Promise<void> => {
  const always = interval("2 seconds")
  const once = cron("0 0 29 2 *", { timezone: "UTC" })
  return writeJobFile(filename, due + sleeping, (index) => ({
    id: `job-${index}`,
    task: "noop",
    args: { to: "ops" },
    trigger: index < due ? always : once
  }))
}

interface Asked {
  /** Runs a second in each stretch. */
  readonly alone: ReadonlyArray<number>
  readonly asked: ReadonlyArray<number>
  /** Milliseconds that each answer took, by question. */
  readonly answers: { readonly [question: string]: ReadonlyArray<number> }
  readonly stallMs: number
  readonly stallAloneMs: number
}

const questions: { readonly [question: string]: (scheduler: Scheduler, index: number) => Promise<unknown> } = {
  "getJobs({ limit: 20 })": (scheduler) => scheduler.getJobs({ limit: 20 }),
  "getRuns({ limit: 20 })": (scheduler) => scheduler.getRuns({ limit: 20 }),
  "status()": (scheduler) => scheduler.status(),
  "addJob()": (scheduler, index) =>
    scheduler.addJob({ id: `added-${index}`, task: "noop", trigger: cron("0 9 28 2 *", { timezone: "UTC" }) })
}

export const ask = async ({ filename, stretches }: Load): Promise<Asked> => {
  let ran = 0
  const scheduler = schedulerOn({ filename, onRun: () => void (ran += 1) })
  await scheduler.start()
  const answers: { [question: string]: Array<number> } = {}
  let number = 0
  const client = async (first: number, untilMs: number): Promise<void> => {
    const names = Object.keys(questions)
    for (let turn = first; performance.now() < untilMs; turn++) {
      const name = names[turn % names.length] ?? ""
      const askedAt = performance.now()
      await questions[name]?.(scheduler, number++)
      ;(answers[name] ??= []).push(performance.now() - askedAt)
    }
  }
  const stretch = async (askers: number): Promise<{ readonly perSecond: number; readonly stallMs: number }> => {
    const loop = watchLoop()
    const before = ran
    const start = performance.now()
    const asking = Array.from({ length: askers }, (_, index) => client(index, start + stretchMs))
    await sleep(stretchMs)
    const result = { perSecond: perSecond(ran - before, performance.now() - start), stallMs: loop().max }
    await Promise.all(asking)
    return result
  }
  // All is due at the second instant, and warm.
  await sleep(3 * stretchMs)
  const alone: Array<number> = []
  const asked: Array<number> = []
  let stallMs = 0
  let stallAloneMs = 0
  for (let round = 0; round < stretches; round++) {
    const without = await stretch(0)
    const with50 = await stretch(clients)
    alone.push(without.perSecond)
    asked.push(with50.perSecond)
    stallAloneMs = Math.max(stallAloneMs, without.stallMs)
    stallMs = Math.max(stallMs, with50.stallMs)
  }
  await scheduler.shutdown({ deadline: "5 seconds" })
  return { alone, asked, answers, stallMs, stallAloneMs }
}
