/** The page about the inside, held against the sources. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const page = readFileSync(join(root, "docs/architecture.md"), "utf8")

/** The rows of the table of layers, lowest first. */
const layers = page
  .slice(page.indexOf("layers -->"), page.indexOf("/layers -->"))
  .split("\n")
  .map((line) => [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, folder]) => folder ?? ""))
  .filter((folders) => folders.length > 0)

/** Where a path belongs: the layer's number, or -1. */
const layerOf = (path: string): number =>
  layers.findIndex((folders) => folders.some((folder) => path.startsWith(`${folder}/`)))

const sources = ["src", "machines"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name}`)
)

const importsOf = (file: string): ReadonlyArray<string> =>
  ts
    .preProcessFile(readFileSync(join(root, file), "utf8"), true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(root, join(root, dirname(file), specifier)))

/** These lie in the folder of the first layer and use RxJS: what they import is above all the same. */
const streams = /^src\/trigger\/fireTimes/

describe("the page of layers", () => {
  it("names each folder once", () => {
    const folders = new Set(sources.flatMap((file) => /^src\/\w+(?=\/)/.exec(file)?.[0] ?? []))
    expect(layers.flat().toSorted()).toEqual(["machines", ...folders].toSorted())
  })

  it("is what the imports say: none leads to a row below", () => {
    const down = sources.flatMap((file) =>
      importsOf(file)
        .filter((imported) => layerOf(imported) > layerOf(file) && layerOf(file) !== -1 && !streams.test(file))
        .map((imported) => `${file} imports ${imported}`)
    )
    expect(down).toEqual([])
  })

  it("would see one that does", () => {
    expect(layerOf("src/engine/engine.ts")).toBeGreaterThan(layerOf("src/job/onDue.ts"))
    expect(sources.some((file) => importsOf(file).some((imported) => layerOf(imported) !== layerOf(file)))).toBe(true)
  })
})

it("the page names files that exist", () => {
  const named = [...page.matchAll(/`((?:src|machines)\/[\w/]+\.ts)`/g)].map(([, path]) => path ?? "")
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
})
