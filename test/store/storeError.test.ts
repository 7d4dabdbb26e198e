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

  it("says of an owner in this process what that is, and of one that is not known yet only that it is there", () => {
    const message = (fields: Partial<typeof owner & { readonly sameProcess: boolean }>) =>
      new StoreInUse({ ...owner, host: "box", ...fields }).message
    expect(message({ sameProcess: true })).toMatch(
      /^store jobs\.db is in use by another scheduler of this process, started 61 s ago;/
    )
    expect(message({ sameProcess: false })).toContain("in use by process 7 on box")
    expect(message({ pid: 0 })).toContain("in use by another process that has just opened it;")
    expect(message({ pid: 1, ageMs: 600_400 })).toContain("in use by process 1 on box, started 600 s ago;")
  })

  const again = "check that it can be reached; the scheduler goes on trying"
  it.each<[operation: string, remedy: string | undefined, told: string]>([
    ["open", undefined, "check that it can be reached"],
    ["open", "make room", "make room"],
    ["commit", undefined, again],
    ["committed", undefined, again],
    ["due", undefined, again],
    ["purge", undefined, again],
    ["a call", "make room", "make room; the scheduler goes on trying"]
  ])("of a store that is away says what helps, and whether it is tried again: %s, %s", (operation, remedy, told) => {
    const fields = remedy === undefined ? {} : { remedy }
    expect(new StoreUnavailable({ store: "jobs.db", operation, cause: "gone", ...fields }).message).toBe(
      `store jobs.db: ${operation} failed: gone; ${told}`
    )
  })

  it("shows the first line of what a loader says", () => {
    const cause = new Error("no addon found. Tried:\n  here\n  there")
    expect(new StoreUnreadable({ store: "jobs.db", cause }).message).toContain("cannot be read: no addon found.;")
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

  it.each([
    ...["commit", "committed", "due", "checkpoints", "purge", "forgottenThrough"].map((call) => [call, true] as const),
    ...["open", "jobs", "countJobs", "runs", "ledger", "orphans"].map((call) => [call, false] as const)
  ])("says whether the scheduler makes the call again: %s, %s", (operation, again) => {
    const { message } = new StoreUnavailable({ store: "jobs.db", operation, cause: "away" })
    expect(message.endsWith("; the scheduler goes on trying")).toBe(again)
  })

  it("offers a backup unless something else helps", () => {
    const about = { store: "", cause: "it is damaged" }
    expect([new StoreUnreadable(about), new StoreUnreadable({ ...about, remedy: "check the name" })]).toMatchObject([
      { message: 'store "" cannot be read: it is damaged; restore it from a backup or give another file' },
      { message: 'store "" cannot be read: it is damaged; check the name' }
    ])
  })
})
