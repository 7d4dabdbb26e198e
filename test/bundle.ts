/**
 * Programs of the tests as files that Node runs as they are: all of one call share what they import, and each starts in a third of the
 * time that a loader of TypeScript takes.
 */
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = fileURLToPath(new URL("..", import.meta.url))
const driver = createRequire(import.meta.url).resolve("better-sqlite3")

/** Bundles each of `entries`, a file by the name of its program, into `directory`; the paths of the programs, by their names. */
export const bundle = async <Name extends string>(
  entries: Readonly<Record<Name, string>>,
  directory: string
): Promise<Readonly<Record<Name, string>>> => {
  // What a program looks for at run time, the driver, it finds as any installed program does.
  const packages = join(directory, "node_modules")
  if (!existsSync(packages)) symlinkSync(join(root, "node_modules"), packages)
  const names = Object.keys(entries) as Array<Name>
  await build({
    entryPoints: names.map((name) => ({ in: entries[name], out: name })),
    outdir: directory,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    tsconfig: join(root, "tsconfig.json"),
    // Packages that still call `require` find it here.
    banner: {
      js: `import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);`
    },
    plugins: [
      {
        name: "native driver",
        // It finds its compiled part beside itself.
        setup: (bundling) => {
          bundling.onResolve({ filter: /^better-sqlite3$/ }, () => ({ path: driver, external: true }))
        }
      }
    ],
    logLevel: "error"
  })
  return Object.fromEntries(names.map((name) => [name, join(directory, `${name}.mjs`)])) as Record<Name, string>
}

/** The same of one program. */
export const bundled = async (entry: string, directory: string): Promise<string> =>
  (await bundle({ program: entry }, directory)).program

/** Once in this process, in a folder of their own that goes with it: `make` is called at the first call. */
export const kept = <A>(make: (directory: string) => Promise<A>): (() => Promise<A>) => {
  let made: Promise<A> | undefined
  return () => {
    if (made === undefined) {
      const directory = mkdtempSync(join(tmpdir(), "carillon-programs-"))
      process.once("exit", () => rmSync(directory, { recursive: true, force: true }))
      // Somebody who owns nothing here may have to read it.
      chmodSync(directory, 0o755)
      made = make(directory)
    }
    return made
  }
}

/** The command line's program. */
export const commandProgram = kept((directory) => bundled(join(root, "src/cli/carillon.ts"), directory))
