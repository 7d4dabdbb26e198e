/** Bodies that never ran: what a handler gives that would still have to be run is never a success. */
import { Channel, Effect, Layer, Option, Sink, Stream } from "effect"
import { of } from "rxjs"
import { expect, it } from "vitest"
import { createActor, fromPromise } from "xstate"
import { task } from "../../src/index.ts"
import { newWorld } from "./world.ts"

/** What version 4 and the packages before 2 mark an Effect with. */
const effect4 = Object.create({ "~effect/Effect": {}, pipe: () => undefined }) as object
const effect0 = Object.create({ [Symbol.for("@effect/io/Effect")]: {} }) as object
const stream4 = Object.create({ "~effect/Stream": {} }) as object

function* generator(): Iterable<number> {
  yield 1
}
async function* asyncGenerator(): AsyncIterable<number> {
  yield 1
}
const nested = (levels: number, value: unknown): unknown => (levels === 0 ? value : [nested(levels - 1, value)])
const lazy = () => ({ then: (resolve: (value: number) => void) => resolve(1) })

const ways: ReadonlyArray<[found: string, behave: () => unknown]> = [
  ["a generator", () => generator()],
  ["a generator", async () => generator()],
  ["a generator", () => Effect.succeed(generator())],
  ["a generator", () => of(generator())],
  ["a generator", () => fromPromise(async () => generator())],
  ["an async generator", () => asyncGenerator()],
  ["an iterator", () => new Map([["a", 1]]).values()],
  ["an async iterable", () => ({ [Symbol.asyncIterator]: () => ({}) })],
  ["a function", () => () => 1],
  ["a function", async () => async () => 1],
  ["an Effect of another version of effect", () => effect4],
  ["an Effect of another version of effect", async () => effect4],
  ["an Effect of another version of effect", () => effect0],
  ["a Stream of effect", () => Stream.make(1)],
  ["a Stream of effect", () => stream4],
  ["a Layer of effect", () => Layer.effectDiscard(Effect.void)],
  ["a Layer of effect", () => Object.create({ "~effect/Layer": {} }) as object],
  ["a Sink of effect", () => Sink.drain],
  ["a Channel of effect", async () => Channel.void],
  ["an iterable", () => ({ *[Symbol.iterator]() {} })],
  ["an Effect", () => Effect.succeed(Effect.void)],
  ["a promise", () => Effect.sync(() => Promise.reject(new Error("nobody hears")))],
  ["a promise at [1]", () => [1, Promise.resolve(1)]],
  ["a promise at rows[0]", () => ({ rows: [Promise.reject(new Error("nobody hears"))] })],
  ["a promise at [0]", () => new Set([Promise.resolve(1)])],
  ["a promise at [0]", () => new Map([["a", Promise.resolve(1)]])],
  ["an Effect at [0]", () => new Map([[Effect.void, 1]])],
  ["a promise at ", () => nested(150, Promise.resolve(1))],
  ["a thenable at query", () => ({ query: lazy() })],
  ["an Effect at [0]", async () => [Effect.void]],
  ["an Effect of another version of effect at a", () => ({ a: effect4 })],
  ["a generator at deep.list[0]", () => ({ deep: { list: [generator()] } })],
  ["an Observable at [0]", () => [of(1)]],
  ["an actor", () => createActor(fromPromise(async () => 1))]
]

it.each(ways)("%s (case %#) is a failure that names it and is not tried again", async (found, behave) => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [task("lazy", () => behave())] })
  await scheduler.addJob({ id: "lazy", task: "lazy", retry: { attempts: 3 } })
  await world.clock.advance("1 minute")
  const [run, ...others] = await scheduler.getRuns()
  expect(others).toEqual([])
  expect(run).toMatchObject({ outcome: "failed", attempt: 1, result: null, error: { name: "UnrunResultError" } })
  expect(run?.error?.message).toMatch(/, which nothing runs; ./)
  expect(run?.error?.message).toContain(`job "lazy": task "lazy" gave ${found}`)
})

class Numbers {
  *[Symbol.iterator](): Iterator<number> {
    yield 1
  }
}

it.each<[string, () => unknown, unknown]>([
  ["a thenable", lazy, 1],
  ["methods of an object, with a placeholder in their place", () => ({ a: 1, close: () => 1 }), { a: 1, close: {} }],
  ["a collection of a class of your own", () => new Numbers(), { $unserializable: { type: "Numbers" } }],
  ["an Option in an object", () => ({ user: Option.some(1) }), { user: { _tag: "Some", value: 1 } }],
  ["a Map", () => new Map([["a", 1]]), { $unserializable: { type: "Map" } }]
])("%s is a result", async (_what, behave, result) => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [task("plain", () => behave())] })
  await scheduler.addJob({ id: "plain", task: "plain" })
  await world.clock.advance("1 minute")
  expect(await scheduler.getRuns()).toMatchObject([{ outcome: "succeeded", result }])
})

it("generator functions are refused as tasks, however they are made", () => {
  const found = (handler: object): unknown => {
    try {
      return task("lazy", handler)
    } catch (error) {
      return (error as { readonly found: string }).found
    }
  }
  expect(found(generator)).toBe("a generator function")
  expect(found(asyncGenerator)).toBe("an async generator function")
  expect(found(generator.bind(null))).toBe("a generator function")
  expect(found(effect4)).toBe("an Effect of another version of effect")
  expect(found(generator())).toBe("a generator")
})
