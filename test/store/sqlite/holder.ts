/** A process that opens the store given as its argument, adds a job, says so on standard output and holds on until it is killed. */
import { Effect } from "effect"
import { sqlite } from "../../../src/sqlite.ts"
import { batchOf, job } from "../../../src/store/contract/storeCheck.ts"

const hold = Effect.gen(function* () {
  const store = yield* sqlite({ filename: process.argv[2] ?? "" }).open({
    pid: process.pid,
    host: "holder",
    startedAt: 1000
  })
  yield* store.commit(1, batchOf({ added: [job(1)] }))
  process.stdout.write("open\n")
  // Keeps the process alive; a fiber alone does not.
  process.stdin.resume()
  yield* Effect.never
})

await Effect.runPromise(Effect.scoped(hold))
