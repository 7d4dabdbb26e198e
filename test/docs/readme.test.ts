import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const read = (path: string) => readFileSync(join(root, path), "utf8")

describe("the README", () => {
  const { dependencies, engines } = JSON.parse(read("package.json")) as {
    readonly dependencies: Readonly<Record<string, string>>
    readonly engines: { readonly node: string }
  }

  it("names the ranges of package.json", () => {
    const named = [...read("README.md").matchAll(/`([@\w/-]+)` (\^?\d+\.\d+\.\d+)/g)].map(([, name = "", version]) => [
      name,
      version
    ])
    expect(named.length).toBeGreaterThan(5)
    expect(named).toEqual(named.map(([name = ""]) => [name, dependencies[name]]))
  })

  it("lists every example", () => {
    const examples = readdirSync(join(root, "examples")).map((name) => (name.includes(".") ? name : `${name}/main.ts`))
    const listed = [...read("README.md").matchAll(/\]\(examples\/([^)]+)\)/g)].map(([, name = ""]) => name)
    expect(listed.toSorted()).toEqual(examples.toSorted())
  })

  it("names the oldest Node that package.json takes", () => {
    expect(read("README.md")).toContain(`Node ${engines.node.replace(">=", "")}`)
  })
})

describe("links in the documents", () => {
  const pages = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`)
  ]
  const links = pages
    .filter((page) => page.endsWith(".md"))
    .flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !/^[a-z]+:/.test(target))
        .map((target) => ({ page, target }))
    )

  it.each(links)("$page leads to $target", ({ page, target }) => {
    const [path = "", heading] = target.split("#")
    const file = path === "" ? page : join(dirname(page), path)
    expect(existsSync(join(root, file))).toBe(true)
    if (heading !== undefined) expect(headings(read(file))).toContain(heading)
  })
})

/** Headings as the anchors that they are given: lower case, punctuation dropped, spaces as hyphens. */
function headings(text: string): ReadonlyArray<string> {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-")
  )
}
