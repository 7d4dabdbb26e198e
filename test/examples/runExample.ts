/** Runs an example as a reader would: a process of its own, in an empty folder, with the sources behind the public entries. */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle, kept } from "../bundle.ts"

export interface ExampleRun {
  /** `null` when it was killed, for not ending by itself within 30 s. */
  readonly exitCode: number | null
  /** Lines on standard output. */
  readonly lines: ReadonlyArray<string>
  readonly errors: string
}

const examples = fileURLToPath(new URL("../../examples", import.meta.url))

/** Of each file in `examples/`, by its name without the extension, and `crontab`. */
export const examplePrograms = kept((directory) => {
  const files = readdirSync(examples).filter((name) => /\.tsx?$/.test(name))
  const named = files.map((name): readonly [string, string] => [name.replace(/\.tsx?$/, ""), join(examples, name)])
  const entries: Record<string, string> = Object.fromEntries(named)
  entries["crontab"] = join(examples, "crontab/main.ts")
  return bundle(entries, directory)
})

/** `name`: the file in `examples/`, without its extension. `args`: what follows on the command line. */
export const runExample = async (name: string, args: ReadonlyArray<string> = []): Promise<ExampleRun> => {
  const folder = mkdtempSync(join(tmpdir(), "carillon-example-"))
  try {
    const program = (await examplePrograms())[name]
    if (program === undefined) throw new Error(`there is no example ${name}`)
    return await run(program, args, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const run = (file: string, args: ReadonlyArray<string>, cwd: string): Promise<ExampleRun> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args], {
      cwd,
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
