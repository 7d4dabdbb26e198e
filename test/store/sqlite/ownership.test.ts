/** Who is told to have a file that is in use, and since when. */
import Database from "better-sqlite3"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import type { StoreOwner } from "../../../src/store/jobStore.ts"
import { temporaryFile } from "../../scenarios/world.ts"

const first: StoreOwner = { pid: 7, host: "here", startedAt: 1000 }

/** What a second owner is told while the first has the file, which `sql` has changed. */
const told = (holder: StoreOwner, other: StoreOwner, sql = "") => {
  const filename = temporaryFile()
  return Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        yield* sqlite({ filename }).open(holder)
        const database = new Database(filename)
        database.exec(sql)
        database.close()
        return yield* Effect.flip(sqlite({ filename }).open(other))
      })
    )
  )
}

describe("a file in use", () => {
  it.each<[what: string, other: Partial<StoreOwner>, sameProcess: boolean]>([
    ["this very process", {}, true],
    ["another process", { pid: 8 }, false],
    ["a process of another machine", { host: "there" }, false]
  ])("is said to be in use by %s", async (_what, other, sameProcess) => {
    expect(await told(first, { ...first, ...other, startedAt: 4000 })).toMatchObject({
      _tag: "StoreInUse",
      pid: 7,
      host: "here",
      ageMs: 3000,
      sameProcess
    })
  })

  it("is not by this process where neither has a number", async () => {
    const nobody = { ...first, pid: 0 }
    expect(await told(nobody, nobody)).toMatchObject({ pid: 0, sameProcess: false })
  })

  it("is in use since now where the clocks disagree", async () => {
    expect(await told(first, { ...first, startedAt: 500 })).toMatchObject({ ageMs: 0 })
  })

  it("is in use whatever its owner row says", async () => {
    expect(await told(first, first, "DELETE FROM owner")).toMatchObject({
      _tag: "StoreInUse",
      pid: 0,
      host: "",
      ageMs: 0,
      sameProcess: false
    })
  })
})
