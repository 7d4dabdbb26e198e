import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { blocksOf, codeBlocks } from "./codeBlock.ts"
import { blockPrograms } from "./runBlock.ts"
import type { BlockPrograms } from "./runBlock.ts"
import { typecheck } from "./typecheck.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const blocks = codeBlocks(root).map((block) => ({ ...block, at: `${block.document}:${block.line}` }))
const written = (language: string) => blocks.filter((block) => block.language === language)

describe("a document's block", () => {
  it("is read with its language, its words and its place", () => {
    const text = [
      "# Title",
      "```ts run",
      "const a = 1",
      "```",
      "- item",
      "  ````md",
      "  ```ts",
      "  ````",
      "~~~",
      "plain"
    ].join("\n")
    expect(blocksOf("x.md", text)).toEqual([
      { document: "x.md", line: 2, language: "ts", words: ["run"], code: "const a = 1" },
      { document: "x.md", line: 6, language: "md", words: [], code: "```ts" },
      { document: "x.md", line: 9, language: "", words: [], code: "plain" }
    ])
  })

  it("has only words that mean something here", () => {
    expect(blocks.filter((block) => block.language === "ts" && block.words.some((word) => word !== "run"))).toEqual([])
  })
})

describe("TypeScript in the documents", () => {
  const tsBlocks = written("ts")
  // One program for all; the first test that asks waits for it.
  let problems: ReadonlyArray<ReadonlyArray<string>> | undefined
  const problemsOf = (index: number) => (problems ??= typecheck(root, tsBlocks))[index]

  it("is refused with its place when its types are wrong", () => {
    const wrong = { document: "x.md", line: 7, language: "ts", words: [], code: 'export {}\nconst a: number = "b"' }
    expect(typecheck(root, [wrong])).toEqual([["x.md:9: Type 'string' is not assignable to type 'number'."]])
  })

  // The first waits for the compiler, which takes its time on a busy machine.
  it.for(tsBlocks.map((block, index) => ({ at: block.at, index })))(
    "has right types at $at",
    { timeout: 120_000 },
    ({ index }) => {
      expect(problemsOf(index)).toEqual([])
    }
  )

  const told = {
    document: "x.md",
    line: 1,
    language: "ts",
    words: ["run"],
    code: 'console.log("said" as string)\nprocess.exitCode = 3'
  }
  const runBlocks = tsBlocks.filter((block) => block.words.includes("run"))
  // The first that asks waits for the programs of all.
  let programs: Promise<BlockPrograms> | undefined
  const programsOf = () => (programs ??= blockPrograms(root, [told, ...runBlocks]))
  afterAll(async () => (await programs)?.remove())

  it("runs in a process of its own, whose end and output are seen", async () => {
    expect(await (await programsOf()).run(told, 15_000)).toEqual({ exitCode: 3, output: "said\n" })
  })

  it.concurrent.for(runBlocks)("runs and ends at $at", { timeout: 120_000 }, async (block, { expect }) => {
    const { exitCode, output } = await (await programsOf()).run(block, 90_000)
    expect(exitCode, output).toBe(0)
  })
})

describe("JSON in the documents", () => {
  it("can be parsed", () => {
    const unreadable = written("json").filter(({ code }) => !isJson(code))
    expect(unreadable.map(({ at }) => at)).toEqual([])
  })
})

describe("commands in the documents", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly scripts: Record<string, string>
  }
  const lines = ["sh", "bash", "shell"]
    .flatMap(written)
    .flatMap(({ at, code }) => code.split("\n").map((line) => ({ at, line })))
  const recipes = [...readFileSync(join(root, "CONTRIBUTING.md"), "utf8").matchAll(/`([^`\n]+)`/g)]
  lines.push(...recipes.map(([, line = ""]) => ({ at: "CONTRIBUTING.md", line })))

  it("name npm scripts that exist", () => {
    const named = lines.flatMap(({ at, line }) =>
      [...line.matchAll(/npm (?:run )?([\w:-]+)/g)].map(([text, name = ""]) => ({ at, text, name }))
    )
    const known = ["ci", "install", "i", "run", "exec", "pack", ...Object.keys(scripts)]
    expect(named.filter(({ name }) => !known.includes(name))).toEqual([])
  })

  it("name files of the project that exist", () => {
    const named = lines.flatMap(({ at, line }) =>
      [...line.matchAll(/\b(?:examples|bench|docs|src|test)\/[\w./-]+/g)].map(([path]) => ({ at, path }))
    )
    // A recipe's reader makes the files that are called NAME.
    const missing = named.filter(({ path }) => !path.includes("NAME") && !existsSync(join(root, path)))
    expect(missing).toEqual([])
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
