/** A machine that is sent events, for scenarios. */
import { assign, fromPromise, setup } from "xstate"
import type { RunRecord } from "../../src/index.ts"
import { run } from "./orders.ts"
import type { World } from "./world.ts"
import { second } from "./world.ts"

/**
 * Keeps what it is sent, in order, until `close`. `work`: something that is under way meanwhile, so that it keeps its slot. `tell`: hears of
 * each.
 */
export const collector = (work: object = {}, tell: (n: string) => void = () => undefined) =>
  setup({
    types: { context: {} as { readonly got: ReadonlyArray<unknown> }, events: {} as { type: "item"; n: unknown } }
  }).createMachine({
    id: "collector",
    context: { got: [] },
    initial: "open",
    states: {
      open: {
        tags: "checkpoint",
        ...work,
        on: {
          item: {
            actions: [
              ({ event }) => tell(String(event.n)),
              assign({ got: ({ context, event }) => [...context.got, event.n] })
            ]
          },
          close: "closed"
        }
      },
      closed: { type: "final" }
    },
    output: ({ context }) => context.got
  })

/** Never ends by itself. */
export const busy = { invoke: { src: fromPromise(() => new Promise(() => undefined)) } }

export const item = (n: unknown) => ({ type: "item", n })
export const close = { type: "close" }

export const sendAll = async (world: World, ...events: ReadonlyArray<{ type: string }>): Promise<void> => {
  const { runId } = await run(world)
  const sent = Promise.all(events.map((event) => world.scheduler.sendToRun(runId, event)))
  await world.clock.settle()
  await sent
}

export const restart = async (world: World, options: Parameters<World["start"]>[0]): Promise<void> => {
  const stopped = world.scheduler.shutdown()
  await world.clock.settle()
  await stopped
  await world.start(options)
  await world.clock.advance(second)
}

export const ended = ({ outcome, result, attempt }: RunRecord): ReadonlyArray<unknown> => [outcome, result, attempt]
