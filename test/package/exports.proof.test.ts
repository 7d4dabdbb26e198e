import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}
const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json")
const specifiers = entries.map((entry) => entry.replace(/^\./, "carillon"))

describe("the built package", () => {
  let consumer = ""
  let installed = ""

  // A project that has installed the package, inside this one so that the package's own dependencies are found.
  beforeAll(() => {
    mkdirSync(join(root, ".report"), { recursive: true })
    consumer = mkdtempSync(join(root, ".report", "consumer-"))
    installed = join(consumer, "node_modules", "carillon")
    mkdirSync(installed, { recursive: true })
    copyFileSync(join(root, "package.json"), join(installed, "package.json"))
    writeFileSync(join(consumer, "package.json"), '{ "name": "consumer", "type": "module" }')
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc")
    const { status, stdout } = spawnSync(
      process.execPath,
      [compiler, "-p", "tsconfig.build.json", "--outDir", join(installed, "dist")],
      { cwd: root, encoding: "utf8" }
    )
    expect(status, stdout).toBe(0)
  }, 60_000)

  afterAll(() => rmSync(consumer, { recursive: true, force: true }))

  it("has the entries that are promised", () => {
    expect(specifiers).toEqual([
      "carillon",
      "carillon/effect",
      "carillon/sqlite",
      "carillon/cron-parser",
      "carillon/outbox",
      "carillon/machines",
      "carillon/testing"
    ])
  })

  it.each(entries)("has the types and the code of %s, with their maps", (entry) => {
    const target = manifest.exports[entry]
    const files = typeof target === "object" ? [target.types, target.default] : []
    const missing = files.flatMap((file) => [file, `${file}.map`]).filter((file) => !existsSync(join(installed, file)))
    expect({ files: files.length, missing }).toEqual({ files: 2, missing: [] })
  })

  it("loads in plain Node, every entry", () => {
    const script = `
      const found = {}
      for (const entry of ${JSON.stringify(specifiers)}) found[entry] = Object.keys(await import(entry)).length > 0
      console.log(JSON.stringify(found))
    `
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: consumer,
      encoding: "utf8"
    })
    expect(JSON.parse(output)).toEqual(Object.fromEntries(specifiers.map((specifier) => [specifier, true])))
  })

  it("has the command, which starts by itself", () => {
    const program = join(installed, manifest.bin["carillon"] ?? "")
    expect(readFileSync(program, "utf8").split("\n")[0]).toBe("#!/usr/bin/env node")
    expect(execFileSync(process.execPath, [program, "--help"], { encoding: "utf8" })).toContain(
      "usage: carillon verify"
    )
  })

  it("gives a strict consumer types without an error, in the consumer and in the declarations", () => {
    const file = join(consumer, "consumer.ts")
    writeFileSync(
      file,
      specifiers.map((specifier, index) => `export * as entry${index} from "${specifier}"`).join("\n")
    )
    const program = ts.createProgram([file], {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts"],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ["node"],
      typeRoots: [join(root, "node_modules", "@types")]
    })
    const ours = program.getSourceFiles().filter((source) => source.fileName.startsWith(consumer))
    const problems = ours
      .flatMap((source) => [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)])
      .map((problem) => `${problem.file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(problem.messageText, " ")}`)
    expect(ours.length).toBeGreaterThan(specifiers.length)
    expect(problems).toEqual([])
  }, 60_000)
})
