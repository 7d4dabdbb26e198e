import { readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { Effect } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { raiseSign } from "../../../src/store/sqlite/sign.ts"
import { temporaryFile } from "../../scenarios/world.ts"

const made = (): string => {
  const path = temporaryFile()
  writeFileSync(path, "")
  return path
}

const signs = (): ReadonlyArray<string> => readdirSync(tmpdir()).filter((name) => /^carillon-\d+-\d+\.sock$/.test(name))

describe.each(["linux", "darwin", "win32"] as const)("an owner's sign on %s", (platform) => {
  it("is one owner's at a time, and free again afterwards", async () => {
    const path = made()
    const twice = Effect.scoped(Effect.zipRight(raiseSign(path, platform), Effect.scoped(raiseSign(path, platform))))
    // Windows needs none.
    expect(await Effect.runPromise(twice)).toBe(platform === "win32")
    expect(await Effect.runPromise(Effect.scoped(raiseSign(path, platform)))).toBe(true)
  })
})

it("one that a killed process left among the files is taken away", async () => {
  const path = made()
  const before = new Set(signs())
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        yield* raiseSign(path, "darwin")
        const [left = ""] = signs().filter((name) => !before.has(name))
        expect(left).not.toBe("")
        // What a kill leaves: a name that nobody listens on.
        rmSync(`${tmpdir()}/${left}`)
        writeFileSync(`${tmpdir()}/${left}`, "")
        onTestFinished(() => rmSync(`${tmpdir()}/${left}`, { force: true }))
        expect(yield* Effect.scoped(raiseSign(path, "darwin"))).toBe(true)
      })
    )
  )
})
