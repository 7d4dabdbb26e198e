/** Runs code blocks as programs of their own, each in an empty folder, as a reader would. */
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundle } from "../bundle.ts"
import type { CodeBlock } from "./codeBlock.ts"

export interface BlockRun {
  /** `null` when it was killed, for not ending by itself in time. */
  readonly exitCode: number | null
  /** What it printed, both outputs. */
  readonly output: string
}

export interface BlockPrograms {
  run(block: CodeBlock, deadlineMs: number): Promise<BlockRun>
  /** Takes their files away. */
  remove(): void
}

/** Makes programs of `blocks`, all at once: most of each is the library that they share. */
export const blockPrograms = async (root: string, blocks: ReadonlyArray<CodeBlock>): Promise<BlockPrograms> => {
  // Inside the project, so that its packages are found; their working directories lie outside, where they may leave files.
  mkdirSync(join(root, ".report"), { recursive: true })
  const folder = mkdtempSync(join(root, ".report", "blocks-"))
  const nameOf = (block: CodeBlock): string => `block${blocks.indexOf(block)}`
  for (const block of blocks) writeFileSync(join(folder, `${nameOf(block)}.ts`), block.code)
  const sources = Object.fromEntries(blocks.map(nameOf).map((name) => [name, join(folder, `${name}.ts`)]))
  const programs = await bundle(sources, folder)
  return {
    run: async (block, deadlineMs) => {
      const program = programs[nameOf(block)]
      if (program === undefined) throw new Error(`no program was made of the block at ${block.document}:${block.line}`)
      const workingDirectory = mkdtempSync(join(tmpdir(), "carillon-block-"))
      try {
        return await runFile(program, workingDirectory, deadlineMs)
      } finally {
        rmSync(workingDirectory, { recursive: true, force: true })
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}

const runFile = (file: string, cwd: string, deadlineMs: number): Promise<BlockRun> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], {
      cwd,
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
