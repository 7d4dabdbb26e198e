/** Runs an example as a reader would: a process of its own, in an empty folder, with the sources behind the public entries. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export interface ExampleRun {
  /** `null` when it was killed, for not ending by itself within 30 s. */
  readonly exitCode: number | null
  /** Lines on standard output. */
  readonly lines: ReadonlyArray<string>
  readonly errors: string
}

const root = fileURLToPath(new URL("../..", import.meta.url))

/** `name`: the file in `examples/`, without its extension if that is `.ts`. `args`: what follows on the command line. */
export const runExample = async (name: string, args: ReadonlyArray<string> = []): Promise<ExampleRun> => {
  const folder = mkdtempSync(join(tmpdir(), "carillon-example-"))
  try {
    return await run(join(root, "examples", name.includes(".") ? name : `${name}.ts`), args, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const run = (file: string, args: ReadonlyArray<string>, cwd: string): Promise<ExampleRun> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), file, ...args], {
      cwd,
      env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
      timeout: 30_000,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "pipe"]
    })
    const [output, errors]: [Array<Buffer>, Array<Buffer>] = [[], []]
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk))
    child.on("error", reject)
    child.on("close", (exitCode) =>
      resolve({
        exitCode,
        lines: Buffer.concat(output).toString().trimEnd().split("\n"),
        errors: Buffer.concat(errors).toString()
      })
    )
  })
