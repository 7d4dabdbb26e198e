/** Bundles the simulation with a planted bug in it and lets a process of its own look for it, seed by seed. */
import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Plugin } from "esbuild"
import { build } from "esbuild"
import type { PlantedBug } from "./plantedBugs.ts"

export interface Finding {
  readonly name: string
  /** Seeds that it took; `null`: it was not found. */
  readonly seeds: number | null
  /** The invariant that it breaks first; `hangs` and `dies` where the engine does not come that far. */
  readonly invariant: string | null
}

const root = fileURLToPath(new URL("../..", import.meta.url))
/** Inside of `node_modules`, so that the bundle finds the packages. */
const directory = join(root, "node_modules/.cache/carillon-simulation")

const edited = (bug: PlantedBug): Plugin => ({
  name: "planted-bug",
  setup: (context) => {
    context.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const edits = bug.edits.filter(({ file }) => path === join(root, file))
      if (edits.length === 0) return undefined
      let contents = readFileSync(path, "utf8")
      for (const { find, replace } of edits) contents = contents.replace(find, () => replace)
      return { contents, loader: "ts" }
    })
  }
})

/** Bundles `entry` with the bug in it, for as long as `use` takes. */
export const withBug = async <A>(bug: PlantedBug, entry: string, use: (program: string) => Promise<A>): Promise<A> => {
  mkdirSync(directory, { recursive: true })
  const name = `${bug.name.replaceAll(/\W+/g, "-")}-${basename(entry, ".ts")}`
  const outfile = join(directory, `${name}-${process.pid}.mjs`)
  await build({
    ...{
      entryPoints: [join(root, entry)],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external"
    },
    ...{ plugins: [edited(bug)], logLevel: "silent", target: "node20" }
  })
  try {
    return await use(outfile)
  } finally {
    rmSync(outfile, { force: true })
  }
}

/** Lives through seeds 1, 2, … up to `seeds`, until one of them breaks a promise. */
export const findBug = (bug: PlantedBug, seeds: number, timeoutMs: number): Promise<Finding> =>
  withBug(
    bug,
    "test/simulation/plantedProcess.ts",
    (program) =>
      new Promise((resolve) => {
        execFile(process.execPath, [program, String(seeds)], { timeout: timeoutMs, cwd: root }, (error, stdout) => {
          const [seed, invariant = ""] = stdout.trim().split(" ")
          if (seed !== undefined && seed !== "") resolve({ name: bug.name, seeds: Number(seed), invariant })
          else if (error === null) resolve({ name: bug.name, seeds: null, invariant: null })
          else resolve({ name: bug.name, seeds: 1, invariant: error.killed === true ? "hangs" : "dies" })
        })
      })
  )

/** The places in the sources where an edit no longer fits: which bug, which file, and how often its text occurs there. */
export const staleEdits = (bugs: ReadonlyArray<PlantedBug>): ReadonlyArray<string> =>
  bugs.flatMap(({ name, edits }) =>
    edits.flatMap(({ file, find }) => {
      const times = readFileSync(join(root, file), "utf8").split(find).length - 1
      if (times === 1) return []
      return [`${name}: the text to replace ${times === 0 ? "does not occur" : `occurs ${times} times`} in ${file}`]
    })
  )
