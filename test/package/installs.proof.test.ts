/**
 * The package as users install it: packed, then installed with npm and pnpm into an empty project, into projects whose versions are the oldest
 * and the newest of each range, and into one that has Effect 4. Each compiles and runs a program of its own.
 *
 * Needs the registry that npm is set to. Install scripts are not run: the driver's compiled part is this project's.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const manifest = readJson(join(root, "package.json")) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}
const locked = (
  readJson(join(root, "package-lock.json")) as { packages: Readonly<Record<string, { version: string }>> }
).packages

/** Those whose values cross the border of the package, and what has them as peers. */
const ranged = ["effect", "@effect/experimental", "@effect/platform", "@effect/sql", "rxjs", "xstate"]
const rangeOf = (name: string): string => manifest.dependencies[name] ?? ""

interface Project {
  readonly name: string
  /** What it depends on itself. */
  readonly dependencies: Readonly<Record<string, string>>
  readonly program: "plain" | "program" | "effect4"
}

const projects: ReadonlyArray<Project> = [
  { name: "an empty project", dependencies: {}, program: "plain" },
  {
    name: "one with the oldest version of each range",
    dependencies: Object.fromEntries(ranged.map((name) => [name, rangeOf(name).replace("^", "")])),
    program: "program"
  },
  {
    name: "one with the newest version of each range",
    dependencies: Object.fromEntries(ranged.map((name) => [name, rangeOf(name)])),
    program: "program"
  },
  { name: "one that has Effect 4", dependencies: { effect: "^4.0.0" }, program: "effect4" }
]

const managers = {
  npm: ["npm", "install", "--no-audit", "--no-fund"],
  pnpm: ["npx", "--yes", "pnpm@12.21.0", "install", "--no-frozen-lockfile"]
} as const

const registry =
  run(root, ["npm", "view", "effect", "version", "--fetch-retries=0", "--fetch-timeout=10000"]).status === 0
if (!registry) console.warn("test/package/installs.proof.test.ts is skipped: it needs the registry that npm is set to")

describe.skipIf(!registry)("the packed package", () => {
  let place = ""

  beforeAll(() => {
    place = realpathSync(mkdtempSync(join(tmpdir(), "carillon-installs-")))
    const stage = join(place, "stage")
    for (const part of ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "src", "machines"])
      cpSync(join(root, part), join(stage, part), { recursive: true })
    succeed(root, [...typescript, "-p", "tsconfig.build.json", "--outDir", join(stage, "dist")])
    // Without its scripts: what they would build is built.
    succeed(stage, ["npm", "pack", "--ignore-scripts", "--silent", "--pack-destination", place])
  }, 600_000)

  afterAll(() => rmSync(place, { recursive: true, force: true }))

  describe.each(projects)("in $name", ({ dependencies, program }) => {
    it.each(["npm", "pnpm"] as const)(
      "is installed by %s without a flag, compiles and runs, with one copy of each library",
      { timeout: 900_000 },
      (manager) => {
        const project = mkdtempSync(join(place, `${manager}-`))
        writeProject(project, dependencies, program)
        succeed(project, managers[manager])
        placeDriver(project)

        expect(versionsOf(project, "effect")).toHaveLength(program === "effect4" ? 2 : 1)
        expect([versionsOf(project, "rxjs"), versionsOf(project, "xstate")]).toEqual([
          [expect.any(String)],
          [expect.any(String)]
        ])
        for (const [name, version] of Object.entries(dependencies))
          if (/^\d/.test(version)) expect([name, versionsOf(project, name)]).toEqual([name, [version]])

        succeed(project, [...typescript, "-p", "."])
        const printed = succeed(project, [process.execPath, join("out", `${program}.js`)])
        expect(JSON.parse(printed)).toEqual(answers[program])
      }
    )
  })
})

const nineInUtc = [Date.UTC(2026, 0, 1, 9)]

/** What the programs print. */
const answers = {
  plain: {
    own: ["succeeded", "hello, attempt 1", true],
    effect: "carillon/Scheduler",
    machines: "job",
    testing: 7,
    next: nineInUtc
  },
  program: {
    effect: ["succeeded", 3, "UnknownJobError"],
    rxjs: ["succeeded", "taken"],
    xstate: ["succeeded", 49, true, true],
    machines: "job",
    testing: 7,
    next: nineInUtc
  },
  effect4: {
    own: ["succeeded", { own: 4 }, true],
    notRun: "UnrunResultError",
    machines: "job",
    testing: 7,
    next: nineInUtc,
    layer: "EffectVersionError",
    launch: "EffectVersionError",
    tag: "EffectVersionError",
    generator: "EffectVersionError"
  }
}

const typescript = [process.execPath, join(root, "node_modules", "typescript", "bin", "tsc")] as const

function writeProject(project: string, own: Project["dependencies"], program: Project["program"]): void {
  const types = manifest.devDependencies["@types/node"] ?? ""
  const carillon = `file:${join(project, "..", "carillon-0.1.0.tgz")}`
  writeJson(join(project, "package.json"), {
    name: "project",
    private: true,
    type: "module",
    dependencies: { ...own, carillon, "@types/node": types },
    // npm runs the scripts of none, pnpm is told by its own file.
    allowScripts: {}
  })
  writeFileSync(join(project, ".npmrc"), "ignore-scripts=true\n")
  writeFileSync(
    join(project, "pnpm-workspace.yaml"),
    "allowBuilds:\n  better-sqlite3: false\n  msgpackr-extract: false\n"
  )
  writeJson(join(project, "tsconfig.json"), {
    compilerOptions: {
      target: "es2023",
      // The declarations of Effect 4 name what browsers have.
      lib: ["es2023", "esnext.disposable", ...(program === "effect4" ? ["dom"] : [])],
      types: ["node"],
      module: "nodenext",
      strict: true,
      // Of XState, these do not hold with exactOptionalPropertyTypes, too.
      skipLibCheck: false,
      rootDir: ".",
      outDir: "out"
    },
    include: ["*.ts"]
  })
  cpSync(join(root, "test", "package", "installed", `${program}.ts`), join(project, `${program}.ts`))
}

/** The compiled part of the driver, which an install script would fetch. Of another version it is built by that script. */
function placeDriver(project: string): void {
  for (const driver of placesOf(project, "better-sqlite3")) {
    const { version } = readJson(join(driver, "package.json")) as { readonly version: string }
    if (version === locked["node_modules/better-sqlite3"]?.version)
      cpSync(join(root, "node_modules", "better-sqlite3", "build"), join(driver, "build"), { recursive: true })
    else succeed(driver, ["npm", "run", "install", "--ignore-scripts=false"])
  }
}

/** The versions of a package that are there, each place counted. */
function versionsOf(project: string, name: string): ReadonlyArray<string> {
  return placesOf(project, name).map(
    (place) => (readJson(join(place, "package.json")) as { readonly version: string }).version
  )
}

/** Where a package is. What is only linked to is somewhere else. */
function placesOf(directory: string, name: string): ReadonlyArray<string> {
  return foldersNamedNodeModules(directory).flatMap((modules) => {
    const [scope = "", own] = name.includes("/") ? name.split("/") : ["", name]
    const within = join(modules, scope)
    return foldersIn(within).includes(own ?? "") ? [join(within, own ?? "")] : []
  })
}

function foldersNamedNodeModules(directory: string): ReadonlyArray<string> {
  const modules = join(directory, "node_modules")
  const packages = foldersIn(modules).flatMap((name) =>
    name.startsWith("@")
      ? foldersIn(join(modules, name)).map((own) => join(modules, name, own))
      : name === ".pnpm"
        ? foldersIn(join(modules, name)).map((own) => join(modules, name, own))
        : [join(modules, name)]
  )
  return [modules, ...packages.flatMap(foldersNamedNodeModules)]
}

function foldersIn(directory: string): ReadonlyArray<string> {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    // There is none.
    return []
  }
}

function run(cwd: string, [command = "", ...args]: ReadonlyArray<string>) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS|VITEST|INIT_CWD)/i.test(name))
  )
  return spawnSync(command, args, { cwd, env, encoding: "utf8", maxBuffer: 1e8 })
}

/** What it prints; fails with everything that it said when it fails. */
function succeed(cwd: string, command: ReadonlyArray<string>): string {
  mkdirSync(cwd, { recursive: true })
  const { status, stdout, stderr, error } = run(cwd, command)
  if (status !== 0)
    throw new Error(`${command.join(" ")} in ${cwd}: ${String(status)}\n${stdout}\n${stderr}`, { cause: error })
  return stdout
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"))
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, JSON.stringify(value, null, 2))
}
