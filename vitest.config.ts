/**
 * Tests. `*.proof.test.ts` are the proofs, which take minutes: simulation, planted bugs, `kill -9`, processes; `--mode proof` runs those and
 * nothing else, any other mode the rest. `--mode development` runs against XState's development build, others against the one that users get.
 */
import type { Plugin } from "vite"
import { defineConfig } from "vitest/config"

const tests = "test/**/*.test.{ts,tsx}"
const proofs = "test/**/*.proof.test.{ts,tsx}"

const source = (path: string) => new URL(path, import.meta.url).pathname

/**
 * Vitest adds the `development` export condition to every run that is not production. Users run without it, so it is
 * taken away unless asked for.
 */
const exportConditions = (conditions: Array<string>): Plugin => ({
  name: "export-conditions",
  configResolved(config) {
    if (config.ssr.resolve !== undefined) config.ssr.resolve.conditions = conditions
    for (const environment of Object.values(config.environments)) environment.resolve.conditions = conditions
  }
})

export default defineConfig(({ mode }) => ({
  plugins: [exportConditions(mode === "development" ? ["node", "development"] : ["node"])],
  resolve: {
    alias: [
      { find: /^carillon$/, replacement: source("src/index.ts") },
      { find: /^carillon\/(effect|sqlite|outbox|testing)$/, replacement: source("src/$1.ts") },
      { find: /^carillon\/cron-parser$/, replacement: source("src/cronParser.ts") },
      { find: /^carillon\/machines$/, replacement: source("machines/index.ts") }
    ]
  },
  test: {
    ...(mode === "proof" ? { include: [proofs] } : { include: [tests], exclude: [proofs] }),
    setupFiles: ["test/leftRunning.ts"],
    pool: "forks",
    // Files share their process: loading Effect and SQLite anew takes 0.9 s a file, and no module here holds state.
    isolate: false,
    // All cores: left to itself, Vitest keeps one for what it compiles, half of a machine of two. Proofs measure what a busy machine spoils.
    ...(mode === "proof" ? {} : { maxWorkers: "100%" }),
    // A hang fails a test, not a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: process.env["CI"] ? ["default", ["json", { outputFile: `.report/${mode}.json` }]] : ["default"]
  }
}))
