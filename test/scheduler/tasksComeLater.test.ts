/** Tasks that are registered on a running scheduler, and jobs that waited for theirs. */
import { describe, expect, it } from "vitest"
import { createScheduler, inProcess, interval, task } from "../../src/index.ts"
import { hour, midnight, minute, newWorld, shortRuns, storeKinds } from "../scenarios/world.ts"

const quiet = task("quiet", () => null)
const mail = task("mail", () => null)
const everyMinute = interval("1 minute", { start: midnight })

describe.each(storeKinds)("in the %s store, a job whose task is not there", (kind) => {
  const unclaimed = async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [mail] })
    await world.scheduler.addJobs([
      { id: "latest", task: mail, trigger: everyMinute },
      { id: "all", task: mail, trigger: everyMinute, coalesce: "all" },
      { id: "strict", task: mail, trigger: everyMinute, misfireGrace: "1 minute" },
      { id: "paused", task: mail, trigger: everyMinute, paused: true }
    ])
    await world.clock.settle()
    await world.start({ tasks: [quiet] })
    await world.clock.advance(5 * minute)
    expect(await world.scheduler.getJobs({ fault: true })).toEqual([])
    expect((await world.scheduler.getJobs({ state: "scheduled" })).map(({ id }) => id).toSorted()).toEqual([
      "all",
      "latest",
      "strict"
    ])
    const missing = { store: "default", missing: "task", name: "mail" }
    expect((await world.scheduler.status()).unclaimed).toEqual([{ ...missing, since: midnight + minute }])
    // Told once, however many jobs and however long.
    expect(world.events.filter(({ type }) => type === "JobsUnclaimed")).toMatchObject([missing])
    expect(world.reported.splice(0)).toMatchObject([{ _tag: "JobsUnclaimedError", ...missing }])
    expect(await world.scheduler.explain("latest", midnight + 2 * minute)).toMatchObject({
      verdict: "waiting",
      sentence: expect.stringContaining('task "mail" is not registered here') as string
    })
    expect((await world.scheduler.verify()).violations).toEqual([])
    return world
  }
  const ranOf = async (world: Awaited<ReturnType<typeof unclaimed>>, jobId: string) =>
    shortRuns(await world.scheduler.getRuns({ jobId })).map(([at]) => at / minute)
  const madeUp = async (world: Awaited<ReturnType<typeof unclaimed>>) => {
    expect(await world.scheduler.getJobs({ fault: true })).toEqual([])
    expect(await ranOf(world, "latest")).toEqual([0, 5])
    expect(await ranOf(world, "all")).toEqual([0, 1, 2, 3, 4, 5])
    expect(await ranOf(world, "strict")).toEqual([0, 5])
    expect(await ranOf(world, "paused")).toEqual([])
    expect((await world.scheduler.getJob("paused"))?.pausedBy).toBe("user")
    expect((await world.scheduler.status()).unclaimed).toEqual([])
    expect((await world.scheduler.verify()).violations).toEqual([])
  }

  it("goes on at the next start that has it, and what it missed is made up", async () => {
    const world = await unclaimed()
    await world.start({ tasks: [quiet, mail] })
    await world.clock.settle()
    await madeUp(world)
  })

  it("goes on when it is added while running", async () => {
    const world = await unclaimed()
    await world.scheduler.addTask(mail)
    await world.clock.settle()
    await madeUp(world)
  })

  it("holds up no other: those that are due go on, also behind very many that wait", async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [mail, quiet] })
    await world.scheduler.addJobs([
      ...Array.from({ length: 3000 }, (_, index) => ({ id: `mail-${index}`, task: mail, trigger: everyMinute })),
      { id: "quiet", task: quiet, trigger: everyMinute }
    ])
    await world.start({ tasks: [quiet] })
    await world.clock.advance(3 * minute)
    expect((await world.scheduler.getRuns({ jobId: "quiet" })).length).toBe(4)
    await world.scheduler.runJob("quiet")
    await world.scheduler.addJob({ id: "later", task: quiet, trigger: interval("1 second") })
    await world.clock.advance(2000)
    expect((await world.scheduler.getRuns({ jobId: "later" })).length).toBe(2)
    await world.scheduler.addTask(mail)
    await world.clock.advance(minute)
    expect((await world.scheduler.getRuns({ jobId: "mail-2999" })).map(({ outcome }) => outcome)).toContain("succeeded")
    expect(await world.scheduler.getJobs({ state: "misfired" })).toEqual([])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("runs again, after a crash, what was under way, when the task is back", async () => {
    const world = newWorld(kind)
    const held = task("mail", () => new Promise<null>(() => undefined))
    await world.start({ tasks: [held] })
    await world.scheduler.addJob({ id: "a", task: "mail", trigger: everyMinute })
    await world.clock.settle()
    await world.crash()
    await world.start({ tasks: [] })
    await world.clock.advance(2 * minute)
    expect(await world.scheduler.getRuns()).toMatchObject([{ outcome: null, attempt: 1 }])
    await world.scheduler.addTask(mail)
    await world.clock.settle()
    expect(shortRuns(await world.scheduler.getRuns()).map(([at, ...rest]) => [at / minute, ...rest])).toEqual([
      [0, "succeeded", 2],
      [2, "succeeded", 1]
    ])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })
})

describe("addTask", () => {
  it("lets jobs be added for the task, and adds those that it declares", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [] })
    await expect(scheduler.addJob({ id: "a", task: "mail" })).rejects.toMatchObject({ _tag: "UnknownTaskError" })
    await scheduler.addTask(mail.scheduled(everyMinute, { tags: ["declared"] }))
    await scheduler.addJob({ id: "a", task: "mail" })
    await world.clock.advance(minute)
    expect((await scheduler.getJobs()).map(({ id, state }) => [id, state])).toEqual([
      ["mail", "scheduled"],
      ["a", "done"]
    ])
  })

  it("takes the same task again, and refuses another of its name and what is none", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [mail] })
    await scheduler.addTask(mail)
    await expect(scheduler.addTask(task("mail", () => 1))).rejects.toMatchObject({ _tag: "DuplicateTaskError" })
    await expect(scheduler.addTask("mail" as never)).rejects.toMatchObject({ _tag: "InvalidTaskError" })
    await scheduler.shutdown()
    await expect(scheduler.addTask(quiet)).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
  })

  it.each([
    ["an executor that is not there", { executor: "nowhere" }, "InvalidJobError"],
    ["a store that is not there", { store: "nowhere" }, "UnknownNameError"],
    ["a rule out of bounds", { maxInstances: 0 }, "InvalidJobError"]
  ])("refuses a task whose declared job names %s, and takes it once it is right", async (_what, options, tag) => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [] })
    await expect(scheduler.addTask(mail.scheduled(everyMinute, options))).rejects.toMatchObject({ _tag: tag })
    await expect(scheduler.addJob({ id: "a", task: "mail" })).rejects.toMatchObject({ _tag: "UnknownTaskError" })
    await scheduler.addTask(mail.scheduled(everyMinute))
    expect((await scheduler.getJobs()).map(({ id }) => id)).toEqual(["mail"])
  })

  it("before the start adds to the tasks that it starts with", async () => {
    const world = newWorld("memory")
    const scheduler = createScheduler({ clock: world.clock, timezone: "UTC" })
    await scheduler.addTask(mail.scheduled(everyMinute))
    await scheduler.addJob({ id: "a", task: "mail" })
    await scheduler.start()
    expect((await scheduler.getJobs()).map(({ id }) => id).toSorted()).toEqual(["a", "mail"])
    await scheduler.shutdown()
  })
})

it("a job whose executor is not there goes on at the next start that has it, or when it is added", async () => {
  const world = newWorld("memory")
  await world.start({ tasks: [quiet], executors: { own: inProcess() } })
  await world.scheduler.addJob({ id: "a", task: quiet, trigger: everyMinute, executor: "own" })
  await world.clock.settle()
  await world.start({ tasks: [quiet] })
  await world.clock.advance(hour)
  expect((await world.scheduler.getJob("a"))?.state).toBe("scheduled")
  const missing = { store: "default", missing: "executor", name: "own" }
  expect((await world.scheduler.status()).unclaimed).toMatchObject([missing])
  expect(world.events.filter(({ type }) => type === "JobsUnclaimed")).toMatchObject([missing])
  expect((await world.scheduler.explain("a", midnight + minute)).sentence).toContain('executor "own" is not registered')
  await world.start({ tasks: [quiet], executors: { own: inProcess() } })
  await world.clock.settle()
  expect(shortRuns(await world.scheduler.getRuns()).map(([at]) => at / minute)).toEqual([0, 60])
  await world.start({ tasks: [quiet] })
  await world.clock.advance(hour)
  world.scheduler.addExecutor("own", inProcess())
  await world.clock.settle()
  expect(shortRuns(await world.scheduler.getRuns()).map(([at]) => at / minute)).toEqual([0, 60, 120])
  expect((await world.scheduler.status()).unclaimed).toEqual([])
  expect((await world.scheduler.verify()).violations).toEqual([])
})
