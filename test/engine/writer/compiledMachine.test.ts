/**
 * The table against its authority: XState and table take the same events, value and context are compared on each.
 * Long: a table is held to XState in each thing that it can do and refuses.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { AnyStateMachine, EventObject } from "xstate"
import { and, assign, createActor, createMachine, fromPromise, raise, setup } from "xstate"
import { executorMachine, jobMachine, schedulerMachine } from "../../../machines/index.ts"
import { compileMachine, UncompilableMachineError } from "../../../src/engine/writer/compiledMachine.ts"
import type { JobContext } from "../../../src/job/jobEvent.ts"
import { noAnswer } from "../../../src/job/jobEvent.ts"
import { JobWalk } from "../../job/jobWalk.ts"
import { anyMoves, anyRules, anyTrigger } from "../../job/walkArbitrary.ts"

const seed = 20261121

describe("compileMachine", () => {
  it("steps a job as XState does, through thousands of random lives", () => {
    let steps = 0
    fc.assert(
      fc.property(anyRules, anyTrigger, fc.constantFrom(2, 1000), anyMoves, (rules, trigger, perWake, moves) => {
        const walk = new JobWalk(rules, trigger, perWake)
        const { jobId, memory } = { jobId: "job", memory: walk.memory }
        const context: JobContext = { jobId, rules, memory, answer: noAnswer }
        const actor = createActor(jobMachine, {
          input: { jobId, rules, memory },
          snapshot: jobMachine.resolveState({ value: walk.value, context })
        }).start()
        walk.onStep = (event, _before, next) => {
          steps += 1
          actor.send(event)
          const { value, context } = actor.getSnapshot()
          expect({ value, context: { ...context, answer: next.answer } }).toEqual({ value: walk.value, context: next })
        }
        for (const move of moves) walk.make(move)
      }),
      { seed, numRuns: 350 }
    )
    expect(steps).toBeGreaterThan(4_000)
  })

  it("leaves a job alone for an event that XState would not take", () => {
    const memory = new JobWalk({ ...quietRules }, { kind: "clock", everyMs: 10, endAt: Infinity }).memory
    const context: JobContext = { jobId: "job", rules: quietRules, memory, answer: noAnswer }
    const compiled = compileMachine(jobMachine)
    expect(compiled.step("scheduled", context, { type: "waitOver", now: 5, firstRunKey: 1 })).toBeUndefined()
    expect(compiled.step("done", context, { type: "waitOver", now: 5, firstRunKey: 1 })).toBeUndefined()
  })

  it.each([
    ["scheduler", schedulerMachine, undefined],
    ["executor", executorMachine, { concurrency: 2, queue: 1 }]
  ] as const)("steps the %s machine as XState does", (_name, machine, input) => {
    const events = machine === schedulerMachine ? schedulerEvents : executorEvents
    expect(walkBoth(machine, input, events, 200, 40)).toBeGreaterThan(1_000)
  })

  it("agrees on every feature that it allows", () => {
    expect(walkBoth(everyFeature, undefined, fc.constantFrom(...featureEvents), 300, 40)).toBeGreaterThan(4_000)
  })

  it("gives no step for an event without a transition, for one that no guard lets through, and in a final state", () => {
    const compiled = compileMachine(everyFeature)
    const context = { count: 3, note: "", trail: [] }
    expect(compiled.step("one", context, { type: "unheard" })).toBeUndefined()
    expect(compiled.step("two", { ...context, count: 1 }, { type: "guarded" })).toBeUndefined()
    expect(compiled.step("end", context, { type: "add", by: 1 })).toBeUndefined()
  })

  it("changes neither the context nor the event it is given", () => {
    const context = Object.freeze({ count: 3, note: "", trail: Object.freeze([]) as unknown as Array<string> })
    const event = Object.freeze({ type: "add", by: 2 } as const)
    expect(compileMachine(everyFeature).step("one", context, event)).toEqual({
      value: "one",
      context: { count: 5, note: "added", trail: ["3 to 5"] }
    })
  })

  it("throws for a state that the machine does not have", () => {
    const compiled = compileMachine(createMachine({ id: "tiny", initial: "a", states: { a: {} } }))
    expect(() => compiled.step("b", {}, { type: "x" })).toThrow(RangeError)
  })

  it.each(["self", "system", "spawn"] as const)(
    "throws where an assignment asks for %s, which a table lacks",
    (part) => {
      const compiled = compileMachine(
        createMachine({
          initial: "a",
          context: { has: false },
          states: { a: { on: { go: { actions: assign({ has: (step) => Boolean(step[part]) }) } } } }
        })
      )
      const step = () => compiled.step("a", { has: false }, { type: "go" })
      expect(step).toThrow(TypeError)
      expect(step).toThrow("stepped as a table")
    }
  )

  it("throws where eventless transitions come to no rest", () => {
    const compiled = compileMachine(
      createMachine({
        initial: "a",
        context: {},
        states: { a: { on: { go: "b", stay: { actions: assign({}) } } }, b: { always: "c" }, c: { always: "b" } }
      })
    )
    expect(compiled.step("a", {}, { type: "stay" })).toEqual({ value: "a", context: {} })
    expect(() => compiled.step("a", {}, { type: "go" })).toThrow(RangeError)
  })

  it.each<readonly [found: string, at: string, machine: AnyStateMachine]>([
    ["entry", "a", flat({ entry: raise({ type: "x" }) })],
    ["exit", "a", flat({ exit: () => {} })],
    ["after", "a", flat({ after: { 100: "b" } })],
    ["invoke", "a", flat({ invoke: { src: fromPromise(async () => 1) } })],
    ['type "compound"', "a", flat({ initial: "c", states: { c: {} } })],
    ['type "parallel"', "a", flat({ type: "parallel", states: { c: {} } })],
    ['type "history"', "a", flat({ type: "history" })],
    ['wildcard event "*"', "a", flat({ on: { "*": "b" } })],
    ['wildcard event "run.*"', "a", flat({ on: { "run.*": "b" } })],
    ['action "log"', "a", flat({ on: { go: { actions: function log() {} } } })],
    ["action (inline)", "a", flat({ on: { go: { actions: unnamed() } } })],
    ['action "xstate.raise"', "a", flat({ on: { go: { actions: raise({ type: "x" }) } } })],
    ['action "absent"', "a", flat({ on: { go: { actions: "absent" } } })],
    ['action "named"', "a", flat({ on: { go: { actions: { type: "named", params: { by: 1 } } } } })],
    ['guard "absent"', "a", flat({ on: { go: { guard: "absent", target: "b" } } })],
    ['guard "named"', "a", flat({ on: { go: { guard: { type: "named", params: { by: 1 } }, target: "b" } } })],
    ['combined guard "and"', "a", flat({ on: { go: { guard: and([() => true]), target: "b" } } })],
    ["always", "odd", createMachine({ id: "odd", always: { guard: () => false }, initial: "a", states: { a: {} } })],
    ["entry", "odd", createMachine({ id: "odd", entry: () => {}, initial: "a", states: { a: {} } })],
    ['type "parallel"', "odd", createMachine({ id: "odd", type: "parallel", states: { a: {} } })],
    ['type "atomic"', "odd", createMachine({ id: "odd" })],
    ["output", "a", createMachine({ id: "odd", initial: "a", states: { a: { type: "final", output: 1 } } })],
    [
      'event "xstate.done.state.odd"',
      "odd",
      createMachine({ id: "odd", initial: "a", onDone: ".a", states: { a: {} } })
    ],
    ["a transition with several targets", "a", flat({ on: { go: { target: ["b", "a"] } } })],
    ['target "odd"', "a", flat({ on: { go: "#odd" } })],
    [
      "transitions out of a final state",
      "a",
      createMachine({ id: "odd", initial: "a", states: { a: { type: "final", on: { go: "a" } } } })
    ]
  ])("refuses %s, naming the state %s", (found, at, machine) => {
    const attempt = (): unknown => compileMachine(machine)
    expect(attempt).toThrow(UncompilableMachineError)
    expect(caught(attempt)).toMatchObject({ _tag: "UncompilableMachineError", machine: "odd", at, found })
  })

  it("has neighbours that change a draft of one kind share it, and gives what each by itself would give", () => {
    let begun = 0
    const kind = (field: "one" | "two") => {
      const begin = (context: Readonly<Record<string, string>>) => {
        begun += 1
        return { text: context[field] ?? "" }
      }
      const end = ({ text }: { readonly text: string }) => ({ [field]: text })
      return (by: string) => {
        const change = (draft: { text: string }): void => void (draft.text += by)
        const alone = ({ context }: { readonly context: Readonly<Record<string, string>> }) => {
          const draft = begin(context)
          change(draft)
          return end(draft)
        }
        return assign(Object.assign(alone, { drafted: { begin, change, end } }))
      }
    }
    const [one, two] = [kind("one"), kind("two")]
    const plain = assign(({ context }) => ({ one: `${String(context["one"])}!` }))
    const actions = [one("a"), one("b"), two("c"), one("d"), plain, one("e"), one("f")]
    const machine = createMachine({
      id: "shares",
      initial: "a",
      context: {},
      states: { a: { on: { go: { actions } } } }
    })
    const next = compileMachine(machine).step("a", {}, { type: "go" })
    expect([next?.context, begun]).toEqual([{ one: "abd!ef", two: "c" }, 4])
    const actor = createActor(machine).start()
    actor.send({ type: "go" })
    expect(actor.getSnapshot().context).toEqual(next?.context)
  })

  it("takes a machine with an output of its own, which only an actor of it gives", () => {
    const states = { a: { on: { go: "b" } }, b: { type: "final" } } as const
    const machine = createMachine({ id: "ending", initial: "a", context: {}, output: 1, states })
    expect(compileMachine(machine).step("a", {}, { type: "go" })).toEqual({ value: "b", context: {} })
  })
})

const quietRules = {
  misfireGraceMs: null,
  coalesce: "latest",
  maxInstances: 1,
  overlap: "skip",
  retry: null,
  timeoutMs: null,
  onInterrupted: "rerun",
  onAborted: "leave",
  maxRuns: null
} as const

/** Named and inline guards, both forms of `assign`, several in a row, transitions of the machine itself, eventless ones, refused events. */
const everyFeature = setup({
  types: {
    context: {} as { count: number; note: string; trail: Array<string> },
    events: {} as
      | { type: "add"; by: number }
      | { type: "guarded" }
      | { type: "swap" }
      | { type: "inherited" }
      | { type: "muted" }
      | { type: "stay" }
      | { type: "pass" }
      | { type: "end" }
      | { type: "unheard" }
  },
  guards: {
    isLarge: ({ context }) => context.count > 10,
    isOdd: ({ context }) => context.count % 2 === 1,
    isWhole: ({ context }) => context.count % 4 === 0
  },
  actions: {
    add: assign(({ context, event }) => (event.type === "add" ? { count: context.count + event.by } : {})),
    note: assign({ note: "added", trail: ({ context }) => [...context.trail.slice(-3), `3 to ${context.count}`] }),
    reset: assign({ count: 0 })
  }
}).createMachine({
  id: "feature",
  initial: "one",
  context: { count: 0, note: "", trail: [] },
  on: {
    inherited: [{ guard: "isOdd", target: ".two" }, { actions: "reset" }],
    muted: { target: ".two" }
  },
  states: {
    one: {
      on: {
        add: { actions: ["add", "note"] },
        guarded: [
          { guard: "isLarge", target: "two", actions: "reset" },
          { guard: ({ context }) => context.count === 5, target: "two" }
        ],
        swap: "two",
        stay: {},
        muted: { actions: [] },
        inherited: { guard: { type: "isLarge" }, target: "end" },
        pass: { target: "through", actions: "note" }
      }
    },
    // Left at once, but for what it waits for.
    through: {
      always: [
        { guard: ({ event }) => event.type === "stay", target: "end" },
        { guard: "isLarge", actions: ["reset", "note"] },
        { guard: "isOdd", target: "two", actions: "note" },
        { guard: "isWhole", target: "further", actions: assign({ count: ({ context }) => context.count + 1 }) }
      ],
      on: { add: { actions: "add" }, stay: { actions: "note" } }
    },
    further: { always: { target: "one", actions: ["note", "note"] } },
    two: {
      on: {
        add: { target: "one", actions: [{ type: "add" }, assign({ note: ({ event }) => event.type }), "note"] },
        guarded: { guard: "isLarge", target: "end" },
        swap: { target: "two", actions: assign({ note: "again" }) },
        end: { guard: "isLarge", target: "end", actions: "note" }
      }
    },
    end: { type: "final" }
  }
})

const featureEvents = [
  { type: "add", by: 1 },
  { type: "add", by: 2 },
  { type: "add", by: 4 },
  { type: "guarded" },
  { type: "swap" },
  { type: "inherited" },
  { type: "muted" },
  { type: "stay" },
  { type: "pass" },
  { type: "end" },
  { type: "unheard" }
] as const

const store = fc.constantFrom("main", "archive")
const schedulerEvents: fc.Arbitrary<EventObject> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ type: fc.constantFrom("start", "opened", "started", "pause", "resume") }) },
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constant("storeLost"), store, reason: fc.constantFrom("full", "busy") })
  },
  { weight: 10, arbitrary: fc.record({ type: fc.constant("storeBack"), store }) },
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constantFrom("executorCrashed", "executorBack", "streamFailed", "streamBack", "jobParked", "jobBack"),
      ...{ executor: store, stream: store, store, jobId: store }
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom("drain", "drained", "failed"), reason: fc.constant("taken over") })
  }
)
const executorEvents: fc.Arbitrary<EventObject> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ type: fc.constantFrom("submitted", "settled"), count: fc.integer({ min: 1, max: 3 }) })
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("drain") }) }
)

/** Sends the same random events to a live actor and to the table; the number of events compared. */
const walkBoth = (
  machine: AnyStateMachine,
  input: unknown,
  event: fc.Arbitrary<EventObject>,
  walks: number,
  length: number
): number => {
  const compiled = compileMachine(machine)
  let compared = 0
  fc.assert(
    fc.property(fc.array(event, { minLength: length / 2, maxLength: length, size: "max" }), (events) => {
      const actor = createActor(machine, { input }).start()
      let { value, context } = actor.getSnapshot() as { value: string; context: unknown }
      for (const event of events) {
        actor.send(event)
        const next = compiled.step(value, context, event)
        if (next !== undefined) ({ value, context } = next)
        const snapshot = actor.getSnapshot() as { value: string; context: unknown }
        expect({ value, context }).toEqual({ value: snapshot.value, context: snapshot.context })
        compared += 1
      }
    }),
    { seed, numRuns: walks }
  )
  return compared
}

function flat(state: object): AnyStateMachine {
  return createMachine(
    { id: "odd", initial: "a", states: { a: state, b: {} } },
    { actions: { named: assign({}) }, guards: { named: () => true } }
  )
}

/** A function without a name. */
function unnamed(): () => void {
  return () => {}
}

const caught = (attempt: () => unknown): unknown => {
  try {
    return attempt()
  } catch (error) {
    return error
  }
}
