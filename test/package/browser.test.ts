import { isBuiltin } from "node:module"
import { fileURLToPath } from "node:url"
import vm from "node:vm"
import { build } from "esbuild"
import { beforeAll, describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** What a page would contain: a scheduler in memory that makes one run and stops. */
const page = `
  import { createScheduler, task } from "./src/index.ts"
  globalThis.firstRun = async () => {
    const greet = task("greet", ({ args, attempt }) => "hello " + args.name + ", attempt " + attempt)
    const scheduler = createScheduler({ tasks: [greet], timezone: "Europe/Oslo" })
    const succeeded = new Promise((resolve) =>
      scheduler.events$.subscribe((event) => { if (event.type === "RunSucceeded") resolve(event) })
    )
    await scheduler.start()
    await scheduler.addJob({ id: "once", task: "greet", args: { name: "browser" } })
    const { jobId, attempt, result } = await succeeded
    const runs = await scheduler.getRuns({ jobId: "once" })
    await scheduler.shutdown()
    return JSON.stringify({ jobId, attempt, result, outcomes: runs.map((run) => run.outcome) })
  }
`

describe("the core entry in a browser", () => {
  let code = ""
  let files: ReadonlyArray<string> = []
  let external: ReadonlyArray<string> = []

  beforeAll(async () => {
    const bundle = await build({
      stdin: { contents: page, resolveDir: root, loader: "ts" },
      bundle: true,
      platform: "browser",
      format: "iife",
      target: "es2022",
      write: false,
      metafile: true,
      logLevel: "silent"
    })
    code = bundle.outputFiles[0]?.text ?? ""
    files = Object.keys(bundle.metafile.inputs)
    external = Object.values(bundle.metafile.outputs).flatMap((output) =>
      output.imports.map((imported) => imported.path)
    )
  })

  it("is bundled whole: no Node built-in and nothing else is left to load", () => {
    expect(external).toEqual([])
    expect(files.filter((file) => isBuiltin(file))).toEqual([])
  })

  it("holds no native module and no SQLite", () => {
    expect(
      files.filter((file) =>
        /\.node$|better-sqlite3|@effect\/sql|@effect\/platform|src\/sqlite|src\/store\/sqlite/.test(file)
      )
    ).toEqual([])
  })

  it("makes a run with nothing but a browser's globals", async () => {
    const context = vm.createContext(webGlobals())
    new vm.Script(code, { filename: "page.js" }).runInContext(context)
    const firstRun = vm.runInContext("firstRun", context) as () => Promise<string>
    expect(JSON.parse(await firstRun())).toEqual({
      jobId: "once",
      attempt: 1,
      result: "hello browser, attempt 1",
      outcomes: ["succeeded"]
    })
  })
})

/** What every browser has beside the language itself; no `process`, `Buffer`, `require` or `setImmediate`. */
function webGlobals(): Record<string, unknown> {
  const names = [
    "AbortController",
    "AbortSignal",
    "DOMException",
    "Event",
    "EventTarget",
    "MessageChannel",
    "TextDecoder",
    "TextEncoder",
    "URL",
    "URLSearchParams",
    "clearInterval",
    "clearTimeout",
    "console",
    "crypto",
    "performance",
    "queueMicrotask",
    "setInterval",
    "setTimeout",
    "structuredClone"
  ]
  return Object.fromEntries(names.map((name) => [name, (globalThis as Record<string, unknown>)[name]]))
}
