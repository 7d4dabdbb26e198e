/** A table is looked at a slice at a time: so many keys, so many rows, so many bytes. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { connect } from "../../../src/store/sqlite/connection.ts"
import { bySize, sliceBytes, sliceJobs } from "../../../src/store/sqlite/slices.ts"
import { withTurns } from "../../../src/store/sliceTurn.ts"

const sizes = (bytes: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> => [...bySize(bytes, (row) => row)]

describe("rows that are read whole", () => {
  it("are five hundred at a time", () => {
    const small = Array.from({ length: 1001 }, () => 1)
    expect(sizes(small).map(({ length }) => length)).toEqual([500, 500, 1])
    expect(sizes(small.slice(0, 500)).map(({ length }) => length)).toEqual([500])
  })

  it("are some megabytes at a time, and one that is larger is alone", () => {
    const half = sliceBytes / 2
    expect(sizes([half, half, 1])).toEqual([[half, half], [1]])
    expect(sizes([half, half + 1, half])).toEqual([[half], [half + 1], [half]])
    expect(sizes([3 * half, 1, 1])).toEqual([[3 * half], [1, 1]])
    expect(sizes([1, 3 * half, 1])).toEqual([[1], [3 * half], [1]])
    expect(sizes([])).toEqual([])
  })
})

/** The ranges that are given of a table with these keys, until there were `most`; and the turns between them. */
const ranges = (keys: string, after: number, most = Infinity) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const connection = yield* connect({ filename: ":memory:" })
        yield* connection.run("CREATE TABLE jobs(key INTEGER PRIMARY KEY)")
        yield* connection.run(`INSERT INTO jobs ${keys}`)
        const found: Array<readonly [number, number]> = []
        let turns = 0
        let taken = true
        const walk = sliceJobs(connection, after, (from, through) =>
          Effect.sync(() => {
            taken &&= connection.taken
            found.push([from, through])
            return found.length < most
          })
        )
        yield* withTurns(
          walk,
          Effect.sync(() => {
            turns += 1
            taken &&= !connection.taken
          })
        )
        return { found, turns, taken }
      })
    )
  )

const upTo = (last: number, step = 1): string =>
  `WITH RECURSIVE n(i) AS (SELECT ${step} UNION ALL SELECT i + ${step} FROM n WHERE i < ${last}) SELECT i FROM n`

describe("slices of the jobs", () => {
  it("are ranges of two thousand keys, with a turn for others between them", async () => {
    expect(await ranges(upTo(5000), 0)).toEqual({
      found: [
        [0, 2000],
        [2000, 4000],
        [4000, 5000]
      ],
      turns: 2,
      taken: true
    })
  })

  it("are ranges of as many keys as there are, wherever they lie", async () => {
    expect((await ranges(upTo(50_000, 10), 0)).found).toEqual([
      [0, 20_000],
      [20_000, 40_000],
      [40_000, 50_000]
    ])
  })

  it("begin behind a key, and end where no more is wanted", async () => {
    expect((await ranges(upTo(5000), 4500)).found).toEqual([[4500, 5000]])
    expect((await ranges(upTo(5000), 5000)).found).toEqual([])
    expect(await ranges(upTo(5000), 0, 2)).toMatchObject({ found: { length: 2 }, turns: 1 })
    expect((await ranges("SELECT 1 WHERE FALSE", 0)).found).toEqual([])
  })

  it("end where keys are read rounded, so that a walk gets no further", async () => {
    const { found } = await ranges("VALUES (9007199254740992), (9007199254740993)", 9_007_199_254_740_992)
    expect(found.length).toBeLessThan(2)
  })
})
