/** Who has a store in memory, and what others are told. */
import { Effect, Either } from "effect"
import { describe, expect, it } from "vitest"
import { memory } from "../../../src/index.ts"
import { batchOf, job, keysOf } from "../../../src/store/contract/storeCheck.ts"

const owner = (startedAt: number) => ({ pid: 7, host: "here", startedAt })

describe("a store in memory", () => {
  it.each([
    [3000, 2000],
    [500, 0]
  ])("that another has is in use by this process, since its start: asked at %i", async (at, ageMs) => {
    const store = memory()
    const error = await Effect.runPromise(
      Effect.scoped(Effect.zipRight(store.open(owner(1000)), Effect.flip(store.open(owner(at)))))
    )
    const { _tag, pid, host, sameProcess } = error as Extract<typeof error, { readonly _tag: "StoreInUse" }>
    expect({ _tag, pid, host, sameProcess }).toEqual({ _tag: "StoreInUse", pid: 7, host: "here", sameProcess: true })
    expect(error).toMatchObject({ ageMs })
  })

  it("is the next owner's once the one before has left it, who gets no answer any more", async () => {
    const store = memory()
    const found = await Effect.runPromise(
      Effect.gen(function* () {
        const first = yield* Effect.scoped(
          Effect.tap(store.open(owner(1000)), (open) => open.commit(1, batchOf({ added: [job(3)] })))
        )
        const closed = yield* Effect.either(first.reads.jobs({}))
        const between = yield* Effect.scoped(
          Effect.gen(function* () {
            const open = yield* store.open(owner(2000))
            return {
              fenced: yield* Effect.either(first.reads.jobs({})),
              jobs: keysOf(yield* open.reads.jobs({})),
              next: open.nextJobKey
            }
          })
        )
        return { closed, ...between }
      })
    )
    expect(Either.flip(found.closed)).toMatchObject({
      right: { _tag: "StoreUnavailable", operation: "jobs", cause: "the store is closed" }
    })
    expect(Either.flip(found.fenced)).toMatchObject({ right: { _tag: "StoreFenced", epoch: 1 } })
    expect([found.jobs, found.next]).toEqual([[3], 4])
  })
})
