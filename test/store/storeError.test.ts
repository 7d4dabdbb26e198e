import { describe, expect, it } from "vitest"
import { StoreConflict, StoreInUse, StoreUnavailable, StoreUnreadable } from "../../src/store/storeError.ts"

describe("a store's error", () => {
  const owner = { store: "jobs.db", pid: 7, ageMs: 61_000 }

  it.each([
    ["box", "store jobs.db is in use by process 7 on box, started 61 s ago;"],
    ["", "store jobs.db is in use by process 7, started 61 s ago;"]
  ])("names the owner's host where there is one: %j", (host, message) => {
    expect(new StoreInUse({ ...owner, host }).message).toContain(message)
  })

  it.each([
    [new Error("disk is full"), "disk is full"],
    ["the store is closed", "the store is closed"],
    [Object.create(null) as unknown, "an object"],
    [Symbol("cause"), "Symbol(cause)"],
    [undefined, "undefined"]
  ])("shows its cause, whatever that is: %s", (cause, shown) => {
    const errors = [
      new StoreUnavailable({ store: "jobs.db", operation: "commit", cause }),
      new StoreUnreadable({ store: "jobs.db", cause }),
      new StoreConflict({ store: "jobs.db", cause })
    ]
    for (const { message } of errors) expect(message).toContain(`: ${shown}`)
  })

  it("offers a backup unless something else helps", () => {
    const about = { store: "", cause: "it is damaged" }
    expect([new StoreUnreadable(about), new StoreUnreadable({ ...about, remedy: "check the name" })]).toMatchObject([
      { message: 'store "" cannot be read: it is damaged; restore it from a backup or give another file' },
      { message: 'store "" cannot be read: it is damaged; check the name' }
    ])
  })
})
