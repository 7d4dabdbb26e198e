import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { ESLint } from "eslint"
import tseslint from "typescript-eslint"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** The layers, lowest first: a row may import itself and the rows above it. */
const layers: ReadonlyArray<ReadonlyArray<string>> = [
  ["src/input"],
  ["src/time", "src/trigger", "src/job"],
  ["machines"],
  ["src/event"],
  ["src/task", "src/store", "src/executor"],
  ["src/engine"],
  ["src/verify"],
  ["src/scheduler"]
]

describe("the linter", () => {
  describe("refuses an import of a lower layer and no other", () => {
    const rows = layers.flatMap((row, index) => row.map((folder) => ({ folder, index })))
    const rooms = rows.flatMap(({ folder, index }) =>
      [folder, ...roomsIn(folder)].map((room) => ({ room, folder, index }))
    )
    it.each(rooms)("from $room", async ({ room, folder, index }) => {
      const others = rows.filter((other) => other.folder !== folder && someFile(other.folder) !== undefined)
      const up = "../".repeat(room.split("/").length)
      const text = others
        .map((other, line) => `export * as x${line} from "${up}${someFile(other.folder) ?? ""}"`)
        .join("\n")
      const refused = (await lint(`${room}/anything.ts`, text))
        .filter((problem) => problem.ruleId === "import-x/no-restricted-paths")
        .map((problem) => others[problem.line - 1]?.folder)
      expect(refused).toEqual(others.filter((other) => other.index > index).map((other) => other.folder))
    })
  })

  it.each([
    {
      file: "src/time/x.ts",
      refused: [
        "effect/Effect",
        "Effect of effect",
        "rxjs",
        "xstate",
        "luxon",
        "node:fs",
        "@effect/sql",
        "better-sqlite3"
      ]
    },
    {
      file: "src/trigger/x.ts",
      refused: [
        "effect/Effect",
        "Effect of effect",
        "rxjs",
        "xstate",
        "luxon",
        "node:fs",
        "@effect/sql",
        "better-sqlite3"
      ]
    },
    {
      file: "src/job/x.ts",
      refused: [
        "effect/Effect",
        "Effect of effect",
        "rxjs",
        "xstate",
        "luxon",
        "cron-parser",
        "node:fs",
        "@effect/sql",
        "better-sqlite3"
      ]
    },
    {
      file: "machines/x.ts",
      refused: [
        "effect/Effect",
        "Effect of effect",
        "rxjs",
        "luxon",
        "cron-parser",
        "node:fs",
        "@effect/sql",
        "better-sqlite3"
      ]
    },
    {
      file: "src/trigger/fireTimes.ts",
      refused: ["effect/Effect", "Effect of effect", "xstate", "luxon", "node:fs", "@effect/sql", "better-sqlite3"]
    },
    { file: "src/event/x.ts", refused: ["xstate", "luxon", "cron-parser", "node:fs", "@effect/sql", "better-sqlite3"] },
    {
      file: "src/task/x.ts",
      refused: ["rxjs", "xstate", "luxon", "cron-parser", "node:fs", "@effect/sql", "better-sqlite3"]
    },
    { file: "src/task/taskValue.ts", refused: ["luxon", "cron-parser", "node:fs", "@effect/sql", "better-sqlite3"] },
    {
      file: "src/executor/x.ts",
      refused: ["rxjs", "xstate", "luxon", "cron-parser", "node:fs", "@effect/sql", "better-sqlite3"]
    },
    {
      file: "src/store/memory/memoryStore.ts",
      refused: ["rxjs", "xstate", "luxon", "cron-parser", "node:fs", "@effect/sql", "better-sqlite3"]
    },
    { file: "src/store/sqlite/sqliteStore.ts", refused: ["rxjs", "xstate", "luxon", "cron-parser"] },
    { file: "src/engine/x.ts", refused: ["luxon", "cron-parser", "node:fs", "@effect/sql", "better-sqlite3"] },
    { file: "src/scheduler/x.ts", refused: ["luxon", "cron-parser", "node:fs", "@effect/sql", "better-sqlite3"] },
    { file: "src/index.ts", refused: ["luxon", "cron-parser", "node:fs", "@effect/sql", "better-sqlite3"] }
  ])("refuses packages in $file: $refused", async ({ file, refused }) => {
    const imports = {
      "effect/Effect": 'export * from "effect/Effect"',
      "Effect of effect": 'import { Effect } from "effect"',
      "plain data of effect": 'import { Data, Option, Schema } from "effect"',
      rxjs: 'import { of } from "rxjs"',
      xstate: 'import { setup } from "xstate"',
      luxon: 'import { DateTime } from "luxon"',
      "cron-parser": 'import { CronExpressionParser } from "cron-parser"',
      "node:fs": 'import { readFileSync } from "node:fs"',
      "@effect/sql": 'import { SqlClient } from "@effect/sql"',
      "better-sqlite3": 'import Database from "better-sqlite3"'
    }
    const problems = await lint(file, Object.values(imports).join("\n"))
    const lines = problems
      .filter((problem) => problem.ruleId?.endsWith("no-restricted-imports"))
      .map((problem) => problem.line)
    expect(Object.keys(imports).filter((_, index) => lines.includes(index + 1))).toEqual(refused)
  })

  it("lets task and executor name the types of RxJS and XState", async () => {
    const text = 'import type { Observable } from "rxjs"\nimport type { AnyActorLogic } from "xstate"'
    for (const file of ["src/task/x.ts", "src/executor/x.ts"]) {
      expect((await lint(file, text)).filter((problem) => problem.ruleId?.endsWith("no-restricted-imports"))).toEqual(
        []
      )
    }
  })

  it("lets nothing but carillon/sqlite load the SQLite store", async () => {
    const refusedIn = async (file: string, text: string) =>
      (await lint(file, text)).some((problem) => problem.ruleId === "import-x/no-restricted-paths")
    expect(existsSync(join(root, "src/store/sqlite/sqliteStore.ts"))).toBe(true)
    expect(await refusedIn("src/engine/x.ts", 'export * from "../store/sqlite/sqliteStore.ts"')).toBe(true)
    expect(await refusedIn("src/engine/writer/x.ts", 'export * from "../../store/sqlite/sqliteStore.ts"')).toBe(true)
    expect(await refusedIn("src/store/memory/x.ts", 'export * from "../sqlite/sqliteStore.ts"')).toBe(true)
    expect(await refusedIn("src/sqlite.ts", 'export * from "./store/sqlite/sqliteStore.ts"')).toBe(false)
  })

  it.each([
    "Date.now()",
    "new Date()",
    "Date()",
    "performance.now()",
    "setTimeout(f, 1)",
    "setInterval(f, 1)",
    "setImmediate(f)",
    "globalThis.setTimeout(f, 1)",
    "Math.random()",
    "crypto.randomUUID()"
  ])("refuses %s in src and machines, but not in the engine's clock", async (expression) => {
    const text = `export const x = (f: () => void) => [f, ${expression}]`
    const refusals = async (file: string) =>
      (await lint(file, text)).filter((problem) => problem.ruleId?.startsWith("no-restricted-")).length
    expect(await refusals("src/engine/x.ts")).toBeGreaterThan(0)
    expect(await refusals("machines/x.ts")).toBeGreaterThan(0)
    expect(await refusals("src/engine/clock.ts")).toBe(0)
  })

  it("refuses a cycle of imports", async () => {
    mkdirSync(join(root, ".report"), { recursive: true })
    const folder = mkdtempSync(join(root, ".report", "cycle-"))
    try {
      for (const [name, other] of [
        ["a", "b"],
        ["b", "a"]
      ] as const) {
        writeFileSync(
          join(folder, `${name}.ts`),
          `import { ${other} } from "./${other}.ts"\nexport const ${name} = () => ${other}()`
        )
      }
      const results = await eslint.lintFiles([folder])
      expect(results.flatMap((result) => result.messages.map((problem) => problem.ruleId))).toEqual([
        "import-x/no-cycle",
        "import-x/no-cycle"
      ])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it("allows a Date made from an instant", async () => {
    expect(await lint("src/time/x.ts", "export const x = (at: number) => new Date(at)")).toEqual([])
  })

  it("lets only the engine subscribe", async () => {
    const refusals = async (file: string) =>
      (await lint(file, "export const x = (s: { subscribe(): void }) => s.subscribe()")).map(
        (problem) => problem.ruleId
      )
    expect(await refusals("src/scheduler/x.ts")).toEqual(["no-restricted-syntax"])
    expect(await refusals("src/engine/x.ts")).toEqual([])
  })

  it.each([
    ["enum", 'export enum Choice { a = "a" }', "no-restricted-syntax"],
    ["any", "export const x = (value: any): unknown => value", "@typescript-eslint/no-explicit-any"],
    ["!", "export const x = (value: { a?: number }) => value.a!", "@typescript-eslint/no-non-null-assertion"],
    ["a default export", "export default 1", "import-x/no-default-export"],
    ["the console", 'console.log("x")', "no-console"]
  ])("refuses %s in src", async (_, text, ruleId) => {
    expect((await lint("src/job/x.ts", text)).map((problem) => problem.ruleId)).toContain(ruleId)
  })

  it.each([
    ["a name", "export const look = 1"],
    ["a part of a name", "export const x = { a: 1 }\nexport const lookAgain = () => x"],
    ["a method", "export class X {\n  home(): void {}\n}"],
    ["a field", "export interface X {\n  readonly news: number\n}"],
    ["a parameter", "export const x = (honest: number): number => honest"],
    ["a comment", "/** Of one lane. */\nexport const x = 1"]
  ])("refuses a word of nobody's field as %s", async (_, text) => {
    expect((await lint("src/engine/writer/x.ts", text)).map(({ ruleId }) => ruleId)).toEqual(["words/refused"])
  })

  it("lets other words be, and the fields that others have named", async () => {
    const text = '/** Looked at. */\nexport const outlook = (x: Record<"look", number>): number => x.look'
    expect((await lint("src/engine/writer/x.ts", text)).map(({ ruleId }) => ruleId)).toEqual([])
  })

  it.each(["../src/index.ts", "../../src/job/run.ts", "../machines/jobMachine.ts"])(
    "refuses %s in an example, which imports public entries",
    async (specifier) => {
      const problems = await lint("examples/x.ts", `export * from "${specifier}"\nexport * from "carillon"`)
      expect(problems.map((problem) => [problem.ruleId, problem.line])).toEqual([
        ["@typescript-eslint/no-restricted-imports", 1]
      ])
    }
  )
})

/** The rules that need no types: those that do are tried by the linter's own tests, and files here are imagined. */
const eslint = new ESLint({
  cwd: root,
  // The cycle that is tried lies in an ignored folder.
  ignore: false,
  overrideConfig: [{ ...tseslint.configs.disableTypeChecked, files: ["**/*.ts"] }]
})

async function lint(file: string, text: string) {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: join(root, file) })
  return result?.messages ?? []
}

/** The folders in a folder, as paths from the root. */
function roomsIn(folder: string): ReadonlyArray<string> {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`)
}

/** A file of the folder to import, as a path from the root. */
function someFile(folder: string): string | undefined {
  const path = join(root, folder)
  const name = existsSync(path)
    ? readdirSync(path).find((entry) => entry.endsWith(".ts") && entry !== "fireTimes.ts")
    : undefined
  return name === undefined ? undefined : `${folder}/${name}`
}
