/** A job between its row and the engine. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  decodeMemory,
  encodeMemory,
  JobCodec,
  JobUnreadableError,
  readMemory,
  stateRow
} from "../../../src/engine/job/jobCodec.ts"
import { defaultRules } from "../../../src/job/rules.ts"
import type { JobMemory } from "../../../src/job/snapshot.ts"
import { newMemory, stateOf } from "../../../src/job/snapshot.ts"
import type { JobRow } from "../../../src/store/jobStore.ts"
import { missingOf } from "../../../src/trigger/missingTrigger.ts"
import { createTriggerRegistry } from "../../../src/trigger/triggerRegistry.ts"
import { liveRun, makeJob } from "../writer/jobs.ts"

const codec = (): JobCodec => {
  const registry = createTriggerRegistry([])
  return new JobCodec((spec) => registry.read(spec))
}
const rowOf = (memory: Partial<JobMemory> = {}, fields: Partial<JobRow> = {}): JobRow => {
  const job = makeJob(1, { memory })
  return { ...job.row, ...stateRow(job), removedAt: null, ...fields }
}

const instant = fc.integer({ min: -8.64e15, max: 8.64e15 })
const maybe = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: null })
const range = fc.record({ from: instant, through: instant, count: fc.nat() })
const live = fc.record(
  {
    runKey: fc.nat(),
    fireAt: instant,
    attempt: fc.integer({ min: 1, max: 9 }),
    retryAt: maybe(instant),
    args: fc.jsonValue(),
    putOffs: fc.nat(),
    workerDeaths: fc.nat({ max: 3 }),
    adoptedBy: fc.nat(),
    retryOf: fc.nat(),
    requested: fc.constant(true),
    ofHigherLimit: fc.constant(true)
  },
  { requiredKeys: ["runKey", "fireAt", "attempt", "retryAt"] }
)
const memories: fc.Arbitrary<JobMemory> = fc.record({
  cursor: instant,
  since: instant,
  nextFireAt: maybe(instant),
  lastFireAt: maybe(instant),
  lastOutcome: maybe(fc.constantFrom("succeeded", "failed", "timedOut", "cancelled", "interrupted")),
  live: fc.array(live, { maxLength: 3 }),
  queue: fc.array(fc.record({ fireAt: instant, missed: fc.constant(true) }, { requiredKeys: ["fireAt"] }), {
    maxLength: 3
  }),
  catchUpThrough: maybe(instant),
  backlog: maybe(fc.record({ late: maybe(range), due: maybe(range), second: maybe(instant) })),
  runCount: fc.nat(),
  crashes: fc.nat({ max: 5 }),
  exhausted: fc.boolean(),
  misfire: maybe(fc.constantFrom("late", "maxInstances", "queueFull")),
  pausedAt: maybe(instant),
  fault: maybe(fc.constantFrom({ kind: "poison", message: "x" }, { kind: "unreadable", message: "y" })),
  removed: fc.boolean(),
  countsAfterRun: maybe(fc.nat()),
  countsAfterEntry: maybe(fc.nat()),
  skipped: maybe(fc.record({ after: instant, through: instant }))
}) as fc.Arbitrary<JobMemory>

describe("a snapshot", () => {
  it("is read as it was written, whatever it holds", () => {
    fc.assert(
      fc.property(memories, (memory) => {
        // An entry that counts with the runs is not written a second time.
        const counted =
          memory.countsAfterEntry === null ? { ...memory, countsAfterEntry: memory.countsAfterRun } : memory
        const read = readMemory({ id: "a", memory: encodeMemory(counted) })
        expect(read).toEqual(JSON.parse(JSON.stringify(counted)))
      })
    )
  })

  it("is JSON, and leaves out what has its first value", () => {
    const text = encodeMemory(newMemory(5, null, false))
    expect(JSON.parse(text)).toEqual({ version: expect.any(Number) as number, cursor: 5, since: 5 })
  })

  it.each([
    ["no JSON", "}{"],
    ["another version", `{"version":99,"cursor":0,"since":0}`],
    ["no version", `{"cursor":0,"since":0}`],
    ["no cursor", encodeMemory(newMemory(5, null, false)).replace(`,"cursor":5`, "")],
    ["a text for an instant", encodeMemory(newMemory(5, 6, false)).replace(`"nextFireAt":6`, `"nextFireAt":"6"`)],
    ["a fraction of a millisecond", encodeMemory(newMemory(5, 6, false)).replace(`"nextFireAt":6`, `"nextFireAt":6.5`)],
    ["a live run without its key", encodeMemory(newMemory(5, 6, false)).replace(`}`, `,"live":[{"fireAt":1}]}`)],
    ["a queue that is no list", encodeMemory(newMemory(5, 6, false)).replace(`}`, `,"queue":{}}`)],
    ["a queued fire time without its instant", encodeMemory(newMemory(5, 6, false)).replace(`}`, `,"queue":[{}]}`)],
    ["exhausted that is no boolean", encodeMemory(newMemory(5, 6, false)).replace(`}`, `,"exhausted":1}`)],
    ["a fault without a message", encodeMemory(newMemory(5, 6, false)).replace(`}`, `,"fault":{"kind":"poison"}}`)],
    ["skipped without its bounds", encodeMemory(newMemory(5, 6, false)).replace(/}$/, `,"skipped":{"after":1}}`)]
  ])("with %s cannot be read, and the error names the job and the part", (_what, memory) => {
    expect(() => readMemory({ id: "a", memory })).toThrow(
      expect.objectContaining({ _tag: "JobUnreadableError", jobId: "a", part: "snapshot" })
    )
  })

  it("that contradicts the state of its row cannot be read", () => {
    const memory = newMemory(0, 5, false)
    const row = { id: "a", memory: encodeMemory(memory), value: stateOf(memory) }
    expect(decodeMemory(row)).toEqual(memory)
    expect(() => decodeMemory({ ...row, value: "done" })).toThrow(JobUnreadableError)
  })

  it("of a row that the store could not read whole is not even tried", () => {
    expect(() => readMemory({ id: "a", memory: "}{", damage: "a text is missing" })).toThrow(
      expect.objectContaining({ part: "row", cause: "a text is missing" })
    )
  })
})

describe("a row", () => {
  it("is decoded into the job that it was made from", () => {
    const job = makeJob(1, { memory: { live: [liveRun(7)] }, rules: { maxInstances: 3 } })
    const read = codec().decode({ ...job.row, ...stateRow(job), removedAt: null })
    expect({ ...read, row: job.row, trigger: null }).toEqual({ ...job, trigger: null })
    expect(read.trigger.toJSON()).toEqual(job.trigger.toJSON())
  })

  it.each([
    ["trigger", { trigger: "}{" }],
    ["trigger", { trigger: `{"type":"interval"}` }],
    ["rules", { rules: "5" }],
    ["rules", { rules: `{"maxInstances":0}` }],
    ["rules", { rules: `{"overlap":"never"}` }],
    ["rules", { rules: `{"retry":{"attempts":1}}` }],
    ["rules", { rules: `{"timeoutMs":"1"}` }],
    ["arguments", { args: "{to:" }],
    ["row", { damage: "x" }]
  ] as const)("with a %s that is damaged cannot be read", (part, damage) => {
    expect(() => codec().decode(rowOf({}, damage))).toThrow(expect.objectContaining({ jobId: "job-1", part }))
  })

  it("keeps rules that an older version did not write at their defaults", () => {
    expect(codec().decode(rowOf({}, { rules: "{}" })).rules).toEqual(defaultRules)
  })

  it("whose trigger's code is not here has one that says what is missing, and keeps its form", () => {
    const { trigger } = codec().decode(rowOf({}, { trigger: `{"type":"lunar","phase":1}` }))
    expect(missingOf(trigger)).toMatchObject({ _tag: "UnknownTriggerError", type: "lunar" })
    expect(trigger.toJSON()).toEqual({ type: "lunar", phase: 1 })
    expect(() => trigger.next(0)).toThrow(expect.objectContaining({ _tag: "UnknownTriggerError" }))
  })

  it("shares its trigger and its rules with all that carry the same text", () => {
    const one = codec()
    const [first, second] = [one.decode(rowOf()), one.decode(rowOf({ runCount: 3 }))]
    expect(second.trigger).toBe(first.trigger)
    expect(second.rules).toBe(first.rules)
  })
})
