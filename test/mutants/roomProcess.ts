/** The process in which one room is run: `roomProcess.ts <file of the order>`. */
import { readFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { PoolOptions } from "vitest/node"
import { ForksPoolWorker, createVitest } from "vitest/node"
import type { Plugin } from "vite"
import { marked } from "./marks.ts"
import { changed, filesOfRoom, root } from "./mutant.ts"
import type { Order, Plan } from "./plan.ts"

const { room, mutants, verdicts } = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Order

declare module "vitest" {
  interface ProvidedContext {
    readonly mutants: Plan
  }
}

class MutantsPoolWorker extends ForksPoolWorker {
  override readonly name = "mutants"
  override readonly cacheFs = false
  protected override readonly entrypoint = join(import.meta.dirname, "worker.ts")

  constructor(options: PoolOptions) {
    super({ ...options, execArgv: [...options.execArgv, "--import", "tsx"] })
  }
}

const textOf = (file: string) => readFileSync(join(root, file), "utf8")

let marks = 0
const sourcesMarked = new Map(
  filesOfRoom(room).map((file) => {
    const firstMark = marks
    const source = marked(file, textOf(file), firstMark)
    marks += source.marks.length
    return [file, { ...source, firstMark }]
  })
)

/** Where a change is made: the narrowest mark around it, or all of the file's. */
const marksAround = (file: string, start: number, end: number): ReadonlyArray<number> => {
  const { marks, firstMark } = sourcesMarked.get(file) ?? { marks: [], firstMark: 0 }
  const numbered = marks.map((mark, index) => ({ ...mark, number: firstMark + index }))
  const around = numbered.filter((mark) => mark.start <= start && end <= mark.end)
  around.sort((a, b) => a.end - a.start - (b.end - b.start))
  const [narrowest] = around
  return narrowest === undefined ? numbered.map(({ number }) => number) : [narrowest.number]
}

const plugin: Plugin = {
  name: "mutants",
  enforce: "pre",
  // Set here, for vitest does not merge a pool of one's own with the configured one's name.
  config(config) {
    config.test = {
      ...config.test,
      pool: { name: "mutants", createPoolWorker: (options) => new MutantsPoolWorker(options) }
    }
  },
  load(id) {
    const [path = "", query = ""] = id.split("?")
    const file = relative(root, path).replaceAll("\\", "/")
    if (!/^(src|machines|test)\/.*\.tsx?$/.test(file) || file.startsWith("test/mutants/")) return undefined
    const mutant = mutants[Number(/^mutant=(\d+)$/.exec(query)?.[1] ?? Number.NaN)]
    if (mutant !== undefined) return marked(file, changed(textOf(file), mutant.edit)).text
    return sourcesMarked.get(file)?.text ?? marked(file, textOf(file)).text
  }
}

const vitest = await createVitest(
  "test",
  {
    root,
    watch: false,
    include: [`${room.tests}/**/*.test.ts`],
    setupFiles: ["test/leftRunning.ts", "test/mutants/setup.ts"],
    maxWorkers: 1,
    bail: 1,
    reporters: [{}]
  },
  { plugins: [plugin] }
)
vitest.provide("mutants", {
  mutants: mutants.map(({ file, edit }) => ({
    path: join(root, file),
    marks: marksAround(file, edit.start, edit.end)
  })),
  marks,
  verdicts
})
await vitest.start()
for (const error of vitest.state.getUnhandledErrors()) console.error(error)
await vitest.close()
