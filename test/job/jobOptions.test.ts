import { describe, expect, it } from "vitest"
import { inWords } from "../../src/input/inWords.ts"
import type { RetryOptions, RuleOptions } from "../../src/job/jobOptions.ts"
import {
  checkFields,
  checkId,
  checkIdText,
  checkTags,
  checkText,
  InvalidJobError,
  readRules,
  ruleOptions
} from "../../src/job/jobOptions.ts"
import type { JobRules } from "../../src/job/rules.ts"
import { defaultRules } from "../../src/job/rules.ts"

const refused = (field: string, found: string): unknown =>
  expect.objectContaining({ _tag: "InvalidJobError", field, found })
const rulesOf = (given: RuleOptions, defaults = defaultRules) => readRules("daily", given, defaults)
const retryOf = (given: object) => rulesOf({ retry: given as RetryOptions }).retry

describe("the rules of a job", () => {
  const every: RuleOptions = {
    misfireGrace: "1 minute",
    coalesce: "all",
    maxInstances: 3,
    overlap: "queue-one",
    retry: {
      attempts: 4,
      backoff: "2 seconds",
      factor: 3,
      maxBackoff: "1 minute",
      jitter: 0.5,
      when: ["Busy", "Busy"]
    },
    timeout: "30 seconds",
    onInterrupted: "skip",
    onAborted: "await",
    maxRuns: 7
  }
  const settled: JobRules = {
    misfireGraceMs: 60_000,
    coalesce: "all",
    maxInstances: 3,
    overlap: "queue-one",
    retry: { attempts: 4, backoffMs: 2_000, factor: 3, maxBackoffMs: 60_000, jitter: 0.5, when: ["Busy"] },
    timeoutMs: 30_000,
    onInterrupted: "skip",
    onAborted: "await",
    maxRuns: 7
  }

  it("are those that were given, durations in milliseconds", () => {
    expect(rulesOf(every)).toEqual(settled)
  })

  it("are read again from the options that they stand for, each of them", () => {
    const noRules: JobRules = { ...defaultRules, misfireGraceMs: null, retry: null, timeoutMs: null, maxRuns: null }
    const anyError: JobRules = { ...settled, retry: settled.retry === null ? null : { ...settled.retry, when: null } }
    for (const rules of [settled, anyError, noRules, defaultRules]) {
      expect(rulesOf(ruleOptions(rules), settled)).toEqual(rules)
      expect(Object.keys(ruleOptions(rules)).length).toBe(Object.keys(rules).length)
    }
  })

  it("are the defaults where nothing was given", () => {
    expect(rulesOf({})).toEqual(defaultRules)
    expect(rulesOf({}, settled)).toEqual(settled)
  })

  it("lose a default for which null is given", () => {
    expect(rulesOf({ misfireGrace: null, retry: null, timeout: null, maxRuns: null }, settled)).toMatchObject({
      misfireGraceMs: null,
      retry: null,
      timeoutMs: null,
      maxRuns: null
    })
  })

  it("may say a grace of nothing and a timeout of one millisecond, the least of each", () => {
    expect(rulesOf({ misfireGrace: 0, timeout: 1 })).toMatchObject({ misfireGraceMs: 0, timeoutMs: 1 })
    expect(() => rulesOf({ timeout: 0 })).toThrow('job "daily": timeout is 0 ms, expected at least 1 ms')
  })

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, "2"])("refuse %s where a number of runs is to stand", (number) => {
    const given = number as number
    expect(() => rulesOf({ maxInstances: given })).toThrow(refused("maxInstances", inWords(number)))
    expect(() => rulesOf({ maxRuns: given })).toThrow(refused("maxRuns", inWords(number)))
    expect(() => retryOf({ attempts: number })).toThrow(refused("retry.attempts", inWords(number)))
  })

  it("take one run as the least number", () => {
    expect(rulesOf({ maxInstances: 1, maxRuns: 1 })).toMatchObject({ maxInstances: 1, maxRuns: 1 })
    expect(retryOf({ attempts: 1 })).toMatchObject({ attempts: 1 })
  })

  it.each(["coalesce", "overlap", "onInterrupted", "onAborted"])("refuse a word that %s does not know", (field) => {
    expect(() => rulesOf({ [field]: "maybe" })).toThrow(refused(field, '"maybe"'))
  })

  it.each([
    ["coalesce", ["latest", "earliest", "all"]],
    ["overlap", ["skip", "queue-one", "queue-all", "cancel-running"]],
    ["onInterrupted", ["rerun", "skip"]],
    ["onAborted", ["leave", "await"]]
  ])("know each word of %s", (field, words) => {
    for (const word of words) expect(rulesOf({ [field]: word })).toMatchObject({ [field]: word })
  })
})

describe("retry", () => {
  it("waits a second, then twice as long each time, an hour at the most, for every error, when it says attempts only", () => {
    expect(retryOf({ attempts: 2 })).toEqual({
      attempts: 2,
      backoffMs: 1_000,
      factor: 2,
      maxBackoffMs: 3_600_000,
      jitter: 0,
      when: null
    })
  })

  it("lets the longest wait follow a backoff beyond an hour, and refuses one that is shorter than the backoff", () => {
    expect(retryOf({ attempts: 2, backoff: "2 hours" })).toMatchObject({ maxBackoffMs: 7_200_000 })
    expect(retryOf({ attempts: 2, backoff: 5, maxBackoff: 5 })).toMatchObject({ backoffMs: 5, maxBackoffMs: 5 })
    expect(() => retryOf({ attempts: 2, backoff: 5, maxBackoff: 4 })).toThrow(refused("retry.maxBackoff", "4 ms"))
  })

  it("may wait for no time at all", () => {
    expect(retryOf({ attempts: 2, backoff: 0, maxBackoff: 0 })).toMatchObject({ backoffMs: 0, maxBackoffMs: 0 })
  })

  it("takes a factor from 1 to 1000 and a jitter from 0 to 1, the ends included", () => {
    for (const factor of [1, 1.5, 1000]) expect(retryOf({ attempts: 2, factor })).toMatchObject({ factor })
    for (const jitter of [0, 0.5, 1]) expect(retryOf({ attempts: 2, jitter })).toMatchObject({ jitter })
    for (const factor of [0.9, 1000.5, NaN, "2"])
      expect(() => retryOf({ attempts: 2, factor })).toThrow(refused("retry.factor", inWords(factor)))
    for (const jitter of [-0.1, 1.1, NaN, "0"])
      expect(() => retryOf({ attempts: 2, jitter })).toThrow(refused("retry.jitter", inWords(jitter)))
  })

  it("must say its attempts, as an object of known fields", () => {
    expect(() => retryOf({})).toThrow(refused("retry.attempts", "undefined"))
    expect(() => rulesOf({ retry: 3 as unknown as RetryOptions })).toThrow(refused("retry", "3"))
    expect(() => retryOf({ attempts: 3, delay: 5, wait: 6 })).toThrow(refused("an option of retry", '"delay"'))
    expect(() => retryOf({ attempts: 3, delay: 5 })).toThrow(
      "expected one of attempts, backoff, factor, maxBackoff, jitter, when"
    )
  })

  it("refuses error names that are no texts", () => {
    expect(() => retryOf({ attempts: 2, when: "Busy" })).toThrow(refused("retry.when", '"Busy"'))
    expect(() => retryOf({ attempts: 2, when: [7] })).toThrow(refused("an entry of retry.when", "7"))
  })
})

describe("a job's fields", () => {
  const ruleFields = "misfireGrace coalesce maxInstances overlap retry timeout onInterrupted onAborted maxRuns".split(
    " "
  )
  const optionFields = "id name tags metadata executor store start end jitter paused ifExists".split(" ")
  const inputFields = ["task", "args", "trigger"]
  const checkEach = (kind: "rules" | "options" | "input", fields: ReadonlyArray<string>) =>
    fields.map((field) => {
      try {
        checkFields("daily", { [field]: undefined }, kind)
        return null
      } catch (error) {
        return error instanceof InvalidJobError ? error.found : error
      }
    })
  const none = (fields: ReadonlyArray<string>) => fields.map(() => null)
  const each = (fields: ReadonlyArray<string>) => fields.map((field) => `"${field}"`)

  it("are rules, options or input, each kind with those of the one before", () => {
    expect(checkEach("input", [...ruleFields, ...optionFields, ...inputFields])).toEqual(
      none([...ruleFields, ...optionFields, ...inputFields])
    )
    expect(checkEach("options", [...ruleFields, ...optionFields])).toEqual(none([...ruleFields, ...optionFields]))
    expect(checkEach("options", inputFields)).toEqual(each(inputFields))
    expect(checkEach("rules", ruleFields)).toEqual(none(ruleFields))
    expect(checkEach("rules", [...optionFields, ...inputFields])).toEqual(each([...optionFields, ...inputFields]))
  })

  it("tell the first that nobody knows, and those that would do", () => {
    expect(() => checkFields("daily", { retry: null, trys: 1, tags: [] }, "rules")).toThrow(
      `job "daily": an option is "trys", expected one of ${ruleFields.join(", ")}`
    )
  })

  it.each([[null, "null"] as const, [7, "7"] as const, ["daily", '"daily"'] as const])(
    "are those of an object: %s has none",
    (given, found) => {
      expect(() => checkFields("daily", given, "input")).toThrow(refused("the definition", found))
    }
  )

  it("can be read, down to the third level", () => {
    const throwing = {
      get amount(): number {
        throw new Error("not now")
      }
    }
    const at = (depth: number): object => (depth === 0 ? throwing : { task: at(depth - 1) })
    for (const depth of [0, 1, 2])
      expect(() => checkFields("daily", at(depth), "input")).toThrow(
        refused("the definition", "a value that throws when it is read")
      )
    expect(() => checkFields("daily", at(3), "input")).not.toThrow()
  })
})

describe("texts of a job", () => {
  it("are an id of 1 to 255 characters without half a character", () => {
    for (const id of ["a", "x".repeat(255), "täglich 🔔"]) expect(checkId(id)).toBe(id)
    expect(() => checkId("")).toThrow(refused("id", '""'))
    expect(() => checkId("x".repeat(256))).toThrow(refused("id", "256 characters"))
    expect(() => checkId("\ud83d")).toThrow(refused("id", '"\\ud83d"'))
    expect(() => checkId(7)).toThrow('job "": id is 7, expected 1 to 255 characters of well-formed Unicode')
  })

  it("name the job that has a wrong id by that id", () => {
    expect(() => checkId("\ud83d")).toThrow(expect.objectContaining({ jobId: "\ud83d" }))
    expect(() => checkId("x".repeat(256))).toThrow(expect.objectContaining({ jobId: "x".repeat(256) }))
  })

  it("are any text where a job is only looked for", () => {
    expect(() => checkIdText("")).not.toThrow()
    expect(() => checkIdText(7)).toThrow('job "": id is 7, expected text')
  })

  it("are names of 1 to 1,000 characters", () => {
    for (const name of ["a", "x".repeat(1000)]) expect(checkText("daily", "name", name)).toBe(name)
    for (const name of ["", "x".repeat(1001), "\ud83d", 7, null])
      expect(() => checkText("daily", "name", name)).toThrow(refused("name", inWords(name)))
  })

  it("are up to a thousand tags, each of them once", () => {
    expect(checkTags("daily", ["b", "a", "b"])).toEqual(["b", "a"])
    const many = Array.from({ length: 1000 }, (_, index) => `tag ${index}`)
    expect(checkTags("daily", many)).toEqual(many)
    expect(() => checkTags("daily", [...many, "one more"])).toThrow(refused("tags", "a list of 1001"))
    expect(() => checkTags("daily", "nightly")).toThrow(refused("tags", '"nightly"'))
    expect(() => checkTags("daily", ["a", ""])).toThrow(refused("an entry of tags", '""'))
  })
})
