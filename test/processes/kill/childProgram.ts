/** A child's program in one file: bundled, it starts in a third of the time that a loader of TypeScript takes. */
import { symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { build } from "esbuild"

const driver = createRequire(import.meta.url).resolve("better-sqlite3")

/** Bundles `entry` into `directory`; the path of the program. */
export const bundled = async (entry: string, directory: string): Promise<string> => {
  const outfile = join(directory, "child.mjs")
  // What the bundle looks for at run time, the driver, it finds as any installed program does.
  symlinkSync(join(import.meta.dirname, "../../../node_modules"), join(directory, "node_modules"))
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
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
  return outfile
}
