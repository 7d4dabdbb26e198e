import { describe, expect, it } from "vitest"
import { sampled } from "./sample.ts"
import { survivors } from "./survivors.ts"

describe("a sample of changes", () => {
  const all = Array.from({ length: 100 }, (_, index) => index)

  it("is the same for the same seed, and another for another", () => {
    expect(sampled(all, 10, 1)).toEqual(sampled(all, 10, 1))
    expect(sampled(all, 10, 1)).not.toEqual(sampled(all, 10, 2))
  })

  it("has as many as it should, in their order", () => {
    const sample = sampled(all, 10, 1)
    expect(sample).toHaveLength(10)
    expect(sample).toEqual([...new Set(sample)].sort((a, b) => a - b))
  })

  it("is all where no size is given", () => {
    expect(sampled(all, undefined, 1)).toEqual(all)
  })
})

describe("the list of survivors", () => {
  it("gives each of them one reason", () => {
    const entries = Object.entries(survivors()).flatMap(([file, reasons]) =>
      Object.values(reasons).flatMap((changes) => changes.map((change) => `${file}: ${change}`))
    )
    expect(entries.filter((entry, index) => entries.indexOf(entry) !== index)).toEqual([])
  })
})
