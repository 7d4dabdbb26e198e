import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

describe("imports of src and machines", () => {
  it("form no cycle, types included, which the linter's rule leaves out", () => {
    expect(firstCycle(importGraph(["src", "machines"]))).toBeUndefined()
  })

  it("a cycle is found", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["b"]]
    ])
    expect(firstCycle(graph)).toBe("b → c → b")
  })
})

/** Each file with the files that it imports, as paths from the root. */
function importGraph(folders: ReadonlyArray<string>): ReadonlyMap<string, ReadonlyArray<string>> {
  const files = folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(root, folder, name))
    )
    .filter((path) => path.endsWith(".ts"))
  return new Map(
    files.map((file) => [
      relative(root, file),
      ts
        .preProcessFile(readFileSync(file, "utf8"), true)
        .importedFiles.map((imported) => imported.fileName)
        .filter((specifier) => specifier.startsWith("."))
        .map((specifier) => relative(root, join(dirname(file), specifier)))
    ])
  )
}

/** The first cycle met, depth first, written as a path; `undefined` when there is none. */
function firstCycle(graph: ReadonlyMap<string, ReadonlyArray<string>>): string | undefined {
  const finished = new Set<string>()
  const visit = (file: string, path: ReadonlyArray<string>): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(" → ")
    if (finished.has(file)) return undefined
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...path, file])
      if (cycle !== undefined) return cycle
    }
    finished.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const cycle = visit(file, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}
