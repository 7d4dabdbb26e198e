/** Random rules, triggers and moves for `JobWalk`. */
import fc from "fast-check"
import type { JobRules } from "../../src/job/rules.ts"
import { outcomes } from "../../src/job/run.ts"
import type { WalkMove, WalkTrigger } from "./walkMove.ts"

export const anyRules: fc.Arbitrary<JobRules> = fc.record({
  misfireGraceMs: fc.constantFrom(null, null, 0, 15, 100),
  coalesce: fc.constantFrom("latest", "earliest", "all"),
  maxInstances: fc.constantFrom(1, 1, 2, 3),
  overlap: fc.constantFrom("skip", "queue-one", "queue-all", "cancel-running"),
  retry: fc.option(
    fc.record({
      attempts: fc.integer({ min: 1, max: 4 }),
      backoffMs: fc.constantFrom(0, 5, 30),
      factor: fc.constantFrom(1, 2),
      maxBackoffMs: fc.constant(60),
      jitter: fc.constantFrom(0, 0.5),
      when: fc.constantFrom(null, ["Error"], ["Other"])
    })
  ),
  timeoutMs: fc.constant(null),
  onInterrupted: fc.constantFrom("rerun", "skip"),
  onAborted: fc.constant("leave"),
  maxRuns: fc.constantFrom(null, null, null, null, 1, 3, 12)
})

export const anyTrigger: fc.Arbitrary<WalkTrigger> = fc.record({
  kind: fc.constantFrom("clock", "clock", "clock", "stream", "fixedDelay"),
  everyMs: fc.constantFrom(1, 7, 10, 25),
  endAt: fc.constantFrom(Infinity, Infinity, Infinity, Infinity, 60, 900)
})

const pass: fc.Arbitrary<WalkMove> = fc.record({
  move: fc.constant("pass"),
  byMs: fc.constantFrom(1, 5, 10, 10, 30, 120, -10)
} as const)

const never = Array.from({ length: 9 }, () => false)

const common: fc.Arbitrary<WalkMove> = fc.oneof(
  { weight: 3, arbitrary: pass },
  { weight: 4, arbitrary: fc.record({ move: fc.constantFrom("wake", "wake", "wake", "emit") } as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      move: fc.constant("settle"),
      pick: fc.nat(3),
      outcome: fc.constantFrom("succeeded", "succeeded", "failed", "failed", ...outcomes),
      retryable: fc.constantFrom(true, true, false),
      crashed: fc.constantFrom(...never, true)
    } as const)
  }
)

const rare: fc.Arbitrary<WalkMove> = fc.oneof(
  fc.record({ move: fc.constantFrom("refuse", "request", "request", "pause", "park", "adopt") } as const),
  fc.record({ move: fc.constantFrom("hold", "release", "release") } as const),
  fc.record({ move: fc.constant("cancel"), pick: fc.nat(3) } as const),
  fc.record({ move: fc.constant("stop"), crash: fc.boolean() } as const),
  fc.record({ move: fc.constant("resume"), missed: fc.constantFrom("skip", "coalesce") } as const),
  fc.record({ move: fc.constant("resume"), missed: fc.constantFrom("skip", "coalesce") } as const),
  fc.record({ move: fc.constant("resume"), missed: fc.constantFrom("skip", "coalesce") } as const),
  fc.record({ move: fc.constant("reschedule"), trigger: anyTrigger } as const),
  fc.record({ move: fc.constant("redefine"), rules: anyRules } as const)
)

const anyMove: fc.Arbitrary<WalkMove> = fc.oneof(
  { weight: 200, arbitrary: common },
  { weight: 50, arbitrary: rare },
  { weight: 1, arbitrary: fc.constant<WalkMove>({ move: "remove" }) }
)

/** The process dies again and again. */
const crashLoop: ReadonlyArray<WalkMove> = [1, 2, 3].flatMap(() => [{ move: "wake" }, { move: "stop", crash: true }])

/** Long enough to meet pauses, crashes and catch-ups in one life. */
export const anyMoves: fc.Arbitrary<ReadonlyArray<WalkMove>> = fc
  .array(
    fc.oneof(
      { weight: 50, arbitrary: anyMove.map((move): ReadonlyArray<WalkMove> => [move]) },
      { weight: 1, arbitrary: fc.constant(crashLoop) }
    ),
    { minLength: 60, maxLength: 200, size: "max" }
  )
  .map((parts) => parts.flat())
