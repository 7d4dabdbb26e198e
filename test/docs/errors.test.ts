import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

const tagged = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .flatMap((name) => [...readFileSync(join(root, "src", name), "utf8").matchAll(/TaggedError\(\s*"(\w+)"/g)])
  .map(([, tag = ""]) => tag)

describe("the page of errors", () => {
  const page = readFileSync(join(root, "docs/errors.md"), "utf8")
  const listed = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, tag = ""]) => tag)

  it("lists every tagged error of the sources, once, and no other", () => {
    expect(listed.toSorted()).toEqual([...new Set(tagged)].toSorted())
  })
})
