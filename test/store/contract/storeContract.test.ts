import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, it } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import { memory } from "../../../src/store/memory/memoryStore.ts"
import { storeContract } from "../../../src/store/contract/storeContract.ts"

describe("memory store", () => {
  it.each(storeContract(memory))("$name", ({ run }) => run())
})

describe("sqlite store", () => {
  let directory = ""
  let files = 0
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "carillon-store-"))
  })
  afterAll(() => {
    rmSync(directory, { recursive: true })
  })

  it.each(storeContract(() => sqlite({ filename: join(directory, `${(files += 1)}.db`), durability: "normal" })))(
    "$name",
    ({ run }) => run()
  )
})
