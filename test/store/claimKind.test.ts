import { describe, expect, it } from "vitest"
import { anewRequest, isOfFireTime, isOfValue, retriedKey, valueRequest } from "../../src/store/claimKind.ts"

const kindOf = (request: number) => ({
  fireTime: isOfFireTime({ request }),
  value: isOfValue({ request }),
  retried: retriedKey({ request })
})

describe("the number that says what a run is of", () => {
  it.each([
    ["a fire time", 0, { fireTime: true, value: false, retried: null }],
    ["a request", 7, { fireTime: false, value: false, retried: null }],
    ["a request with the highest key", 2 ** 52 - 1, { fireTime: false, value: false, retried: null }],
    ["another run that is tried again", -7, { fireTime: false, value: false, retried: 7 }],
    ["the newest run that is tried again", 1 - 2 ** 52, { fireTime: false, value: false, retried: 2 ** 52 - 1 }],
    ["a value of a stream", valueRequest(7), { fireTime: true, value: true, retried: null }],
    ["the first value of a stream", valueRequest(0), { fireTime: true, value: true, retried: null }],
    ["a fire time by a clock that was set right", anewRequest(7), { fireTime: true, value: false, retried: null }],
    ["such a one where no run had been", anewRequest(0), { fireTime: true, value: false, retried: null }]
  ])("of %s is %i", (_what, request, kind) => {
    expect(kindOf(request)).toEqual(kind)
  })

  it("differs from value to value and from correction to correction", () => {
    expect([valueRequest(7), valueRequest(8)]).toEqual([-(2 ** 52) - 7, -(2 ** 52) - 8])
    expect([anewRequest(7), anewRequest(8)]).toEqual([2 ** 52 + 7, 2 ** 52 + 8])
  })
})
