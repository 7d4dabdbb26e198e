/**
 * Damaged pages, headers and lengths: the file is refused by name with advice, or what can be read goes on. Nothing crashes, hangs or
 * fails without a type, and a file that cannot be opened keeps every byte.
 */
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { StoreError } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { temporaryFile } from "../scenarios/world.ts"
import { damagePage, liveOn, livedFile, pageBytes, pagesOf, untyped } from "./corruptionLife.ts"
import { randomFrom } from "./kill/killPlan.ts"

/** Files with damaged pages; more by `DAMAGED_FILES`. */
const images = Number(process.env["DAMAGED_FILES"] ?? 40)

const copyOf = (filename: string): string => {
  const copy = temporaryFile()
  copyFileSync(filename, copy)
  return copy
}

/** The error that opening the store fails with, else `null`. */
const openingError = (filename: string): Promise<unknown> =>
  Effect.runPromise(
    Effect.scoped(sqlite({ filename }).open({ pid: 1, host: "test", startedAt: 0 })).pipe(
      Effect.match({ onSuccess: () => null, onFailure: (error: unknown) => error })
    )
  )

/** Lives on the file, and expects what must hold whatever the damage; whether it was refused. */
const expectSoundLife = async (what: string, filename: string): Promise<boolean> => {
  const before = readFileSync(filename)
  const unopened = await openingError(filename)
  if (unopened !== null) {
    expect({ what, untouched: readFileSync(filename).equals(before), log: existsSync(`${filename}-wal`) }).toEqual({
      what,
      untouched: true,
      log: false
    })
  }
  const { refused, failures, unanswered } = await liveOn(filename)
  expect({ what, untyped: untyped(failures), unanswered }).toEqual({ what, untyped: [], unanswered: [] })
  for (const error of [unopened, refused]) {
    if (error === null) continue
    // What a start wants to write may contradict what the damage has made of the rows.
    if (error !== unopened && (error as StoreError)._tag === "StoreConflict")
      expect(error).toMatchObject({ store: filename })
    else {
      expect(error).toMatchObject({ _tag: "StoreUnreadable", store: filename })
      expect((error as Error).message).toMatch(
        /jobs\.db cannot be read: .*; restore it from a backup or give another file/
      )
    }
  }
  return refused !== null
}

describe("damaged pages", () => {
  it("are met by typed errors only, wherever they are", async () => {
    const sound = await livedFile()
    expect(await expectSoundLife("no damage", copyOf(sound))).toBe(false)
    const pages = pagesOf(sound)
    let refused = 0
    for (let seed = 1; seed <= images; seed++) {
      const filename = copyOf(sound)
      const random = randomFrom(seed)
      const damaged = Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
        damagePage(filename, Math.floor(random() * pages), random)
      )
      if (await expectSoundLife(`seed ${seed}: ${damaged.join(", ")}`, filename)) refused += 1
    }
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(images)
  }, 900_000)
})

describe("a damaged file", () => {
  const damages: ReadonlyArray<readonly [string, (filename: string) => void]> = [
    ["with a garbage header", (filename) => overwrite(filename, 0, Buffer.from("garbage, garbage, garbage"))],
    ["whose header is zeros", (filename) => overwrite(filename, 0, Buffer.alloc(100))],
    ["whose first page is zeros", (filename) => overwrite(filename, 0, Buffer.alloc(pageBytes))],
    ["whose schema is gone", (filename) => overwrite(filename, 100, Buffer.alloc(pageBytes - 100))],
    ["with a page size that is none", (filename) => overwrite(filename, 16, Buffer.from([0x12, 0x34]))],
    ["cut within its header", (filename) => truncateSync(filename, 50)],
    ["cut after its first page", (filename) => truncateSync(filename, pageBytes)],
    ["cut in its middle", (filename) => truncateSync(filename, Math.floor(pagesOf(filename) / 2) * pageBytes)],
    ["that is text", (filename) => writeFileSync(filename, "jobs:\n  - backup\n".repeat(500))]
  ]

  it.each(damages)("%s is refused by name, with advice, and keeps every byte", async (what, damage) => {
    const filename = await livedFile(20)
    damage(filename)
    expect(await expectSoundLife(what, filename)).toBe(true)
    expect(await openingError(filename)).toMatchObject({ _tag: "StoreUnreadable" })
  })
})

const overwrite = (filename: string, at: number, bytes: Buffer): void => {
  const content = readFileSync(filename)
  bytes.copy(content, at)
  writeFileSync(filename, content)
}
