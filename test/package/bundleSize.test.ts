/** What a page loads: each import bundled and minified by esbuild, and compressed. `kB` is 1,000 bytes. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** What is imported of `carillon`, and how large it may be at most, compressed. */
const bounds: ReadonlyArray<readonly [names: string, kB: number]> = [
  ["cron", 20],
  ["interval", 15],
  ["date", 13],
  ["task", 90],
  // To be 150: of what is left, half is ours, a quarter the runtime of Effect.
  ["createScheduler, cron, task", 235]
]

describe("a browser's bundle", () => {
  it.each(bounds)("of { %s } has at most %i kB", async (names, kB) => {
    const { size, inside } = await bundleOf(names)
    expect(size, `${size} kB, and in it, before it is compressed: ${inside}`).toBeLessThanOrEqual(kB)
  })

  it("has none of luxon, fast-check, Effect's Schema and the words of cronstrue", async () => {
    const { files } = await bundleOf("createScheduler, cron, task")
    expect(files.length).toBeGreaterThan(100)
    expect(files.filter((file) => /node_modules\/(luxon|fast-check|cronstrue)\/|\/Schema\.js$/.test(file))).toEqual([])
  })

  it("is as large as the page on streams says", () => {
    const page = readFileSync(new URL("../../docs/reactive.md", import.meta.url), "utf8")
    const rows = [...page.matchAll(/^\| `\{ ([\w, ]+) \}`\s*\| (\d+)\s*\|/gm)].map(([, names, kB]) => [
      names,
      Number(kB)
    ])
    expect(rows).toEqual(bounds)
  })
})

async function bundleOf(names: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export { ${names} } from "./src/index.ts"`, resolveDir: root, loader: "ts" },
    bundle: true,
    minify: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    write: false,
    metafile: true,
    logLevel: "silent"
  })
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  const held = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  const byPackage = new Map<string, number>()
  for (const [file, { bytesInOutput }] of held) {
    const [, name = "carillon"] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
    byPackage.set(name, (byPackage.get(name) ?? 0) + bytesInOutput)
  }
  const largest = [...byPackage].sort(([, one], [, other]) => other - one)
  return {
    size: Math.ceil(outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0) / 100) / 10,
    inside: largest.map(([name, bytes]) => `${name} ${Math.round(bytes / 1000)} kB`).join(", "),
    files: held.map(([file]) => file)
  }
}
