/** `kill -9` at any moment between a program's transaction and the run of the job that it has added. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const script = fileURLToPath(new URL("./orderTaker.ts", import.meta.url))
const kills = 8

const start = (...files: ReadonlyArray<string>) =>
  spawn(process.execPath, ["--import", "tsx", script, ...files], { stdio: ["ignore", "pipe", "inherit"] })

/** Kills it some time after it has begun. */
const killed = (files: ReadonlyArray<string>, afterMs: number): Promise<void> =>
  new Promise((resolve) => {
    const child = start(...files)
    child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), afterMs))
    child.once("exit", () => resolve())
  })

const finished = (files: ReadonlyArray<string>): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    const child = start(...files, "finish")
    let output = ""
    child.stdout.on("data", (chunk) => void (output += String(chunk)))
    child.once("exit", (code) =>
      code === 0
        ? resolve(JSON.parse(output) as Record<string, unknown>)
        : reject(new Error(`exit ${String(code)}: ${output}`))
    )
  })

it.each(["a file of the program's own", "the scheduler's file"])(
  "each order that was committed has its job, once, and none that was rolled back has one: %s",
  { timeout: 300_000 },
  async (which) => {
    const directory = mkdtempSync(join(tmpdir(), "outbox-kill-"))
    try {
      const store = join(directory, "jobs.db")
      const files = [which === "the scheduler's file" ? store : join(directory, "program.db"), store]
      for (let kill = 0; kill < kills; kill++) await killed(files, 30 + ((kill * 97) % 400))
      const { orders, ...rest } = await finished(files)
      expect(orders).toBeGreaterThan(kills)
      expect(rest).toEqual({ waiting: 0, unsent: 0, strange: 0, jobs: orders, ok: true })
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
)
