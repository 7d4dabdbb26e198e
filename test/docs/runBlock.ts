/** Runs a code block as a program of its own, in an empty folder, as a reader would. */
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { CodeBlock } from "./codeBlock.ts"

export interface BlockRun {
  /** `null` when it was killed, for not ending by itself in time. */
  readonly exitCode: number | null
  /** What it printed, both outputs. */
  readonly output: string
}

export const runBlock = async (root: string, block: CodeBlock, deadlineMs: number): Promise<BlockRun> => {
  // Inside the project, so that its packages are found; its working directory lies outside, where it may leave files.
  mkdirSync(join(root, ".report"), { recursive: true })
  const folder = mkdtempSync(join(root, ".report", "block-"))
  const workingDirectory = mkdtempSync(join(tmpdir(), "carillon-block-"))
  try {
    const file = join(folder, "block.ts")
    writeFileSync(file, block.code)
    return await runFile(root, file, workingDirectory, deadlineMs)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    rmSync(workingDirectory, { recursive: true, force: true })
  }
}

const runFile = (root: string, file: string, cwd: string, deadlineMs: number): Promise<BlockRun> =>
  new Promise((resolve, reject) => {
    const tsx = import.meta.resolve("tsx")
    const child = spawn(process.execPath, ["--import", tsx, file], {
      cwd,
      env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
      timeout: deadlineMs,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "pipe"]
    })
    const chunks: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.on("error", reject)
    child.on("close", (exitCode) => resolve({ exitCode, output: Buffer.concat(chunks).toString() }))
  })
