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

  it("agrees with package.json, which pins every dependency to one version", () => {
    const pins = { ...manifest.dependencies, ...manifest.devDependencies }
    const locked = Object.keys(pins).map((name) => [name, lock.packages[`node_modules/${name}`]?.version])
    expect(Object.fromEntries(locked)).toEqual(pins)
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

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"))
}
