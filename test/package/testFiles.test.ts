/** Each test is run by one of the two commands: nothing is left out, nothing runs twice. */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const vitest = join(root, "node_modules/vitest/vitest.mjs")

/** What a command would run, by vitest's own answer. */
const filesOf = (...options: ReadonlyArray<string>): ReadonlyArray<string> =>
  execFileSync(process.execPath, [vitest, "list", "--filesOnly", ...options], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((line) => line.startsWith("test/"))

describe("the tests' files", () => {
  const written = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => `test/${name}`)

  it("belong each to exactly one of npm test and npm run test:proof", () => {
    const [quick, proofs] = [filesOf(), filesOf("--mode", "proof")]
    expect(proofs.length).toBeGreaterThan(10)
    expect([...quick, ...proofs].toSorted()).toEqual(written.filter((name) => /\.test\.tsx?$/.test(name)).toSorted())
  })

  it("are called so: no other file states a test", () => {
    const others = written.filter((name) => !/\.test\.tsx?$/.test(name))
    const stating = others.filter((name) => /^(?:it|test|describe)[.(]/m.test(readFileSync(join(root, name), "utf8")))
    expect(stating).toEqual([])
  })

  it("are all run by the command that a change must pass", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>
    }
    expect([scripts["test"], scripts["test:proof"]]).toEqual(["vitest run", "vitest run --mode proof"])
    expect(scripts["check"]?.split(" && ")).toEqual(expect.arrayContaining(["npm test", "npm run test:proof"]))
    expect(readFileSync(join(root, ".ci/run"), "utf8")).toContain("npm run check")
  })
})
