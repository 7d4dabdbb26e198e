/** A file of more than 300 lines says in its header why it is one file. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const folders = ["src", "machines", "test", "examples", "bench"]

/** The comment that a file begins with. */
const headerOf = (text: string): string => /^(?:#!.*\n)?\/\*\*[^]*?\*\//.exec(text)?.[0] ?? ""

it("a file of more than 300 lines says why in its header", () => {
  const long = folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name))
    )
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }))
    .filter(({ text }) => text.split("\n").length > 301)
  expect(long.length).toBeGreaterThan(0)
  expect(long.filter(({ text }) => !/\b(?:long|lines)\b/i.test(headerOf(text))).map(({ name }) => name)).toEqual([])
})
