/** Starts a scheduler on each file given, checks the file, and says in a line each what became of both. */
import { createScheduler, task } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"

const told = async (what: () => Promise<unknown>): Promise<string> => {
  try {
    await what()
    return "works"
  } catch (error) {
    const { _tag, message } = error as { readonly _tag?: string; readonly message?: string }
    return `${_tag ?? "untyped"} ${message ?? String(error)}`.replaceAll("\n", " ")
  }
}

for (const filename of process.argv.slice(2)) {
  const check = await told(() => verifyFile(filename))
  const start = await told(async () => {
    const note = task("note", () => "noted")
    const scheduler = createScheduler({ store: sqlite({ filename }), tasks: [note], onError: () => undefined })
    await scheduler.start()
    await scheduler.getJobs().catch(() => undefined)
    await scheduler.shutdown({ wait: false })
  })
  process.stdout.write(`${JSON.stringify({ filename, check, start })}\n`)
}
