import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { faultKinds } from "../../src/job/snapshot.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

describe("the page of faults", () => {
  const page = readFileSync(join(root, "docs/faults.md"), "utf8")
  const rows = [...page.matchAll(/^\| (\d+) +\| (.*?) +\| (.*?) +\|$/gm)].map(([, number, fault = "", shown = ""]) => ({
    number: Number(number),
    fault,
    shown,
    tests: [...shown.matchAll(/`(test\/[^`]+)` "([^"]+)"/g)].map(([, path = "", name = ""]) => ({ path, name }))
  }))

  it("has every fault of the catalogue, in order, with a test or the reason why there is none", () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 75 }, (_, index) => index + 1))
    const bare = rows.filter(
      ({ tests, shown }) => tests.length === 0 && !/^(Not yet|Does not apply): .{15}/.test(shown)
    )
    expect(bare).toEqual([])
  })

  it("names tests that exist", () => {
    const missing = rows
      .flatMap(({ number, tests }) => tests.map((test) => ({ number, ...test })))
      .filter(
        ({ path, name }) =>
          !existsSync(join(root, path)) || !readFileSync(join(root, path), "utf8").includes(`"${name}"`)
      )
    expect(missing).toEqual([])
  })
})

describe("the page of jobs", () => {
  it("has every kind of fault that a job is parked for, and no other", () => {
    const page = readFileSync(join(root, "docs/jobs.md"), "utf8")
    const table = /^\| `fault\.kind`[^]*?\n\n/m.exec(page)?.[0] ?? ""
    const named = [...table.matchAll(/^\| `(\w+)` /gm)].map(([, kind]) => kind)
    expect(named.toSorted()).toEqual([...faultKinds].toSorted())
  })

  it("tells of none that nothing gives", () => {
    const sources = ["src/engine", "src/job", "machines"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => readFileSync(join(root, folder, name), "utf8"))
    )
    const given = [...faultKinds].filter((kind) => sources.some((text) => text.includes(`kind: "${kind}"`)))
    expect(given.toSorted()).toEqual([...faultKinds].toSorted())
  })
})
