import { describe, expect, it } from "vitest"

describe("the test run", () => {
  it("loads the XState that its mode asks for: users' build, or the development build in development mode", () => {
    const development = process.env["MODE"] === "development"
    expect(process.execArgv.includes("development")).toBe(development)
    expect(import.meta.resolve("xstate").includes("xstate.development.")).toBe(development)
  })
})
