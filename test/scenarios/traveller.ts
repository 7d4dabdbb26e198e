/**
 * A machine that works and waits by turns, under crashes and stops drawn from a seed: no step is left out, none comes early, and each wait
 * is as long as it was to be.
 */
import { expect } from "vitest"
import { assign, fromPromise, setup } from "xstate"
import { task } from "../../src/index.ts"
import { pick, randomFrom } from "../processes/kill/killPlan.ts"
import { addJob, Lives, run } from "./orders.ts"
import { day, hour, minute, newWorld, second } from "./world.ts"

/** Works and waits by turns, five times; what it has waited for is in its context. */
const traveller = (waitsMs: ReadonlyArray<number>, tell: (what: string) => void, now: () => number) =>
  setup({
    types: { context: {} as { readonly leg: number; readonly since: number } },
    actors: {
      walk: fromPromise(async ({ input: leg }: { input: number }) => {
        await Promise.resolve()
        tell(`leg ${leg}`)
      })
    },
    delays: { rest: ({ context }) => waitsMs[context.leg] ?? 0 }
  }).createMachine({
    id: "traveller",
    context: { leg: 0, since: 0 },
    initial: "walking",
    states: {
      walking: {
        invoke: {
          src: "walk",
          input: ({ context }) => context.leg,
          onDone: { target: "resting", actions: assign({ since: () => now() }) }
        }
      },
      resting: {
        after: {
          rest: [
            {
              guard: ({ context }) => context.leg < waitsMs.length - 1,
              target: "walking",
              actions: [
                ({ context }) => tell(`rested ${now() - context.since >= (waitsMs[context.leg] ?? 0)}`),
                assign({ leg: ({ context }) => context.leg + 1 })
              ]
            },
            { target: "there" }
          ]
        }
      },
      there: { type: "final" }
    },
    output: ({ context }) => context.leg + 1
  })

export const travel = async (seed: number): Promise<void> => {
  const random = randomFrom(seed)
  const world = newWorld(seed % 5 === 0 ? "sqlite" : "memory")
  const lives = new Lives()
  const waitsMs = Array.from({ length: 5 }, () =>
    Math.floor(pick(random, [second, 20 * second, hour, day]) * (1 + random()))
  )
  const start = async () =>
    world.start({
      tasks: [
        task(
          "travel",
          traveller(waitsMs, lives.next(), () => world.clock.now())
        )
      ]
    })
  await start()
  await addJob(world, "travel")
  for (let turn = 0; turn < 12; turn++) {
    await world.clock.advance(Math.floor(pick(random, [0, second, minute, hour, day]) * random()))
    if (random() < 0.5) await world.crash()
    if (random() < 0.3) await world.clock.settle()
    await start()
  }
  await world.clock.advance(12 * day)
  for (const { id } of await world.scheduler.getJobs({ fault: true })) await world.scheduler.resumeJob(id)
  await world.clock.advance(12 * day)
  expect(await run(world)).toMatchObject({ outcome: "succeeded", result: 5 })
  const legs = lives.done.filter((what) => what.startsWith("leg")).map((what) => Number(what.slice(4)))
  // A step whose end was not on disk yet is taken again, and no other.
  const steps = legs.map((leg, index) => leg - (legs[index - 1] ?? -1))
  expect(steps.filter((step) => step !== 0 && step !== 1)).toEqual([])
  expect([new Set(legs).size, lives.done.includes("rested false")]).toEqual([5, false])
  expect((await world.scheduler.verify()).violations).toEqual([])
}
