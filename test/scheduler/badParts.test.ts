import { describe, expect, it } from "vitest"
import { createScheduler } from "../../src/index.ts"
import { virtualClock } from "../../src/testing/virtualClock.ts"

const refused = { _tag: "InvalidOptionError" }

describe("a scheduler that is given what is no part of one", () => {
  it("refuses it with what was expected, and goes on", async () => {
    const scheduler = createScheduler({ clock: virtualClock(0) })
    await scheduler.start()
    await expect(scheduler.addStore("x", {} as never)).rejects.toMatchObject({ ...refused, option: 'store "x"' })
    expect(() => scheduler.addExecutor("x", {} as never)).toThrow(
      expect.objectContaining({ ...refused, option: 'executor "x"' })
    )
    await expect(scheduler.addStore(undefined as never, undefined as never)).rejects.toMatchObject({
      ...refused,
      message: "option addStore's name is undefined, expected a text"
    })
    expect(() => scheduler.addExecutor(Symbol("x") as never, {} as never)).toThrow(
      expect.objectContaining({ ...refused, message: "option addExecutor's name is Symbol(x), expected a text" })
    )
    await expect(scheduler.addJobs(5 as never)).rejects.toMatchObject({ ...refused, option: "addJobs' argument" })
    expect(() => scheduler.on("Nope" as never, () => undefined)).toThrow(
      expect.objectContaining({ ...refused, option: "on's event type", found: '"Nope"' })
    )
    expect((await scheduler.status()).state).toBe("active")
    await scheduler.shutdown({ wait: false })
  })
})
