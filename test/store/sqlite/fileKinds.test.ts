/** What lies in the place of a store's file, or beside it, and is no file is told before SQLite opens it. */
import { execFileSync } from "node:child_process"
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import { Effect, Either } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { refuseOddCompanions, refuseOddFile, remedyOf } from "../../../src/store/sqlite/fileKinds.ts"
import { temporaryFile } from "../../scenarios/world.ts"

/** Makes something at a path. */
type Make = (path: string) => void | Promise<void>

const listening: Make = (path) =>
  new Promise((resolve) => {
    const server = createServer().listen(path, resolve)
    onTestFinished(() => new Promise<void>((closed) => server.close(() => closed())))
  })

const odd: ReadonlyArray<readonly [kind: string, make: Make, remedy: string]> = [
  ["a directory", (path) => mkdirSync(path), "give the name of a file in it"],
  ["a named pipe", (path) => void execFileSync("mkfifo", [path]), "give the name of a file"],
  ["a socket", listening, "give the name of a file"],
  ["a device", (path) => symlinkSync("/dev/null", path), "give the name of a file"]
]

const refusalOf = <E>(effect: Effect.Effect<void, E>): E | null =>
  Either.match(Effect.runSync(Effect.either(effect)), { onLeft: (error) => error, onRight: () => null })

describe.runIf(process.platform !== "win32")("what is no file", () => {
  it.each(odd)("is refused by its kind: %s", async (kind, make, remedy) => {
    const path = temporaryFile()
    await make(path)
    expect(refusalOf(refuseOddFile(path))).toMatchObject({
      _tag: "StoreUnavailable",
      operation: "open",
      cause: `it is ${kind}`,
      remedy
    })
  })

  it.each(odd)("is refused beside a file too: %s", async (kind, make) => {
    const path = temporaryFile()
    await make(`${path}-wal`)
    expect(refusalOf(refuseOddCompanions(path, "my store"))).toMatchObject({
      _tag: "StoreUnreadable",
      store: "my store",
      cause: `${path}-wal is ${kind} in the place of a file`,
      remedy: "remove it"
    })
  })

  it.each(["-wal", "-shm", "-journal", ".lock", ".lock-wal", ".lock-shm", ".lock-journal"])(
    "is looked for wherever SQLite does: %s",
    (companion) => {
      const path = temporaryFile()
      mkdirSync(`${path}${companion}`)
      expect(refusalOf(refuseOddCompanions(path, path))).toMatchObject({ _tag: "StoreUnreadable" })
      rmSync(`${path}${companion}`, { recursive: true })
      symlinkSync(`${path}${companion}`, `${path}${companion}`)
      expect(refusalOf(refuseOddCompanions(path, path))).toMatchObject({
        cause: `${path}${companion} is a link that leads nowhere in the place of a file`
      })
      rmSync(`${path}${companion}`)
      writeFileSync(`${path}${companion}`, "")
      expect(refusalOf(refuseOddCompanions(path, path))).toBeNull()
    }
  )

  it("is none of a name that is too long to have anything beside it", () => {
    const path = join(dirname(temporaryFile()), "x".repeat(255))
    expect(refusalOf(refuseOddCompanions(path, path))).toBeNull()
  })
})

describe("a name that cannot be looked up", () => {
  it.each([
    ["ENAMETOOLONG", "give a shorter name"],
    ["ENOTDIR", "give a name whose directories are directories"],
    ["ELOOP", "its links lead in a circle: give the name of a file"],
    ["EACCES", "let this process's user into its directory"],
    ["EIO", "check the name"]
  ])("has what helps: %s", (code, remedy) => {
    expect(remedyOf(Object.assign(new Error("no"), { code }))).toBe(remedy)
  })

  it("may have no code, or be no error", () => {
    expect([new Error("no"), null, undefined].map(remedyOf)).toEqual([
      "check the name",
      "check the name",
      "check the name"
    ])
  })
})
