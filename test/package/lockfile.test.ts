import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface LockedPackage extends Partial<Manifest> {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

describe("package-lock.json", () => {
  const manifest = readJson("package.json") as Manifest
  const lock = readJson("package-lock.json") as { readonly packages: Readonly<Record<string, LockedPackage>> }
  const installed = Object.entries(lock.packages).filter(([path]) => path !== "")

  it("names no registry host, so that an install uses the one that npm is set to", () => {
    expect(installed.filter(([, entry]) => entry.resolved !== undefined)).toEqual([])
  })

  it("holds the integrity of every package", () => {
    expect(installed.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([])
  })

  it("holds the packages of other platforms too, without which `npm ci` refuses it", () => {
    const optional = installed.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}))
    expect(optional.filter((name) => !installed.some(([path]) => path.endsWith(`node_modules/${name}`)))).toEqual([])
  })

  const lockedVersions = (names: ReadonlyArray<string>) =>
    Object.fromEntries(names.map((name) => [name, lock.packages[`node_modules/${name}`]?.version]))

  it("agrees with package.json, which pins what the project is made with to one version", () => {
    expect(lockedVersions(Object.keys(manifest.devDependencies))).toEqual(manifest.devDependencies)
  })

  it("pins what users get too, to a version in the range that package.json gives them", () => {
    const ranges = Object.entries(manifest.dependencies)
    const locked = lockedVersions(ranges.map(([name]) => name))
    expect(ranges.filter(([name, range]) => !inCaretRange(locked[name] ?? "", range))).toEqual([])
    expect(lock.packages[""]).toMatchObject({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies
    })
  })

  it("gives users ranges of what is in the public types, and no luxon", () => {
    expect(manifest.dependencies).toMatchObject({ effect: "^3.22.0", rxjs: "^7.8.0", xstate: "^5.33.0" })
    expect(Object.keys(manifest.dependencies).filter((name) => /luxon|cron-parser|fast-check/.test(name))).toEqual([])
  })

  it("holds one copy of each library whose values cross package borders", () => {
    const copies = (name: string) => installed.filter(([path]) => path.endsWith(`node_modules/${name}`)).length
    expect(
      Object.fromEntries(["effect", "rxjs", "xstate", "luxon", "better-sqlite3"].map((name) => [name, copies(name)]))
    ).toEqual({
      effect: 1,
      rxjs: 1,
      xstate: 1,
      luxon: 1,
      "better-sqlite3": 1
    })
  })
})

/** Whether a version is `^range` or newer, with the same first number that is not 0. */
function inCaretRange(version: string, range: string): boolean {
  const [from, given] = [range.replace(/^\^/, ""), version].map((text) => text.split(".").map(Number))
  if (!range.startsWith("^") || from?.length !== 3 || given?.length !== 3) return false
  const fixed = from.findIndex((part) => part !== 0)
  const first = from.findIndex((part, index) => part !== given[index])
  return first === -1 || (first > fixed && (given[first] ?? 0) > (from[first] ?? 0))
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"))
}
