/**
 * The contract of an executor, part four: attempts of tasks with steps, what is told of each, and where the next attempt goes on. Not in it: what a
 * checkpoint holds, which is the task's own matter.
 */
import { task } from "../../task/task.ts"
import type { AnyTask } from "../../task/task.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { ExecutorUnderTest } from "./executorTrial.ts"
import { close, expectSame, gate, Trial } from "./executorTrial.ts"

const idle = { running: 0, queued: 0, stuck: 0 }
const waitMs = 60_000

/** An actor as far as the logic below needs it. By shape: the core of an executor does not know XState. */
interface SteppingActor {
  send(event: { readonly type: string }): void
}

interface SteppingScope {
  readonly self: SteppingActor
  readonly system: {
    readonly scheduler: {
      schedule(from: SteppingActor, to: SteppingActor, event: object, delayMs: number, id: string): void
    }
  }
}

interface SteppingOptions {
  readonly checkpoint?: "every-step" | "never"
  readonly waits?: boolean
}

interface Steps {
  readonly status: "active" | "done" | "error"
  readonly step: number
  readonly output: number | undefined
  readonly error: unknown
  readonly odd?: unknown
  readonly children?: Readonly<Record<string, object>>
}

/** An actor that is under way, as a promise is. */
const work = { getSnapshot: () => ({ status: "active" }), logic: { start: () => undefined } }

/**
 * A task with steps, moved from outside, and how each of its attempts began: at step 0, or with the step that it goes on from. Something is
 * under way in it until its end, or, with `waits`, nothing ever is.
 */
class SteppingTask {
  readonly task: AnyTask
  readonly began: Array<number> = []
  private actor: SteppingActor | null = null

  constructor({ checkpoint = "every-step", waits = false }: SteppingOptions = {}) {
    const began = (steps: Steps, { self }: SteppingScope): Steps => {
      this.began.push(steps.step)
      this.actor = self
      return waits ? steps : { ...steps, children: { work } }
    }
    const logic = {
      config: {},
      transition: (steps: Steps, { type }: { readonly type: string }, { self, system }: SteppingScope): Steps => {
        switch (type) {
          case "step":
            return { ...steps, step: steps.step + 1 }
          case "wait":
            system.scheduler.schedule(self, self, { type: "end" }, waitMs, "wait")
            return { ...steps, step: steps.step + 1 }
          case "end":
            return { ...steps, status: "done", output: steps.step }
          case "fail":
            return { ...steps, status: "error", error: new Error("no") }
          default:
            return { ...steps, odd: new Map() }
        }
      },
      getInitialSnapshot: (scope: SteppingScope): Steps =>
        began({ status: "active", step: 0, output: undefined, error: undefined }, scope),
      getPersistedSnapshot: ({ children: _, ...steps }: Steps): Steps => steps,
      restoreSnapshot: (steps: Steps, scope: SteppingScope): Steps => began(steps, scope)
    }
    this.task = task("stepping", logic, { checkpoint })
  }

  send(type: "step" | "wait" | "end" | "fail" | "odd"): void {
    this.actor?.send({ type })
  }
}

/** What was told of a run last, as its next order would carry it. */
const newest = (trial: Trial, runId: string): Json => {
  const told = texts(trial, runId)
  const [last = "null"] = told.slice(-1)
  return JSON.parse(last) as Json
}

const texts = (trial: Trial, runId: string): ReadonlyArray<string> =>
  trial.reports.flatMap((report) => (report.type === "checkpointed" && report.runId === runId ? [report.text] : []))

/** Moves a task on, and lets what follows happen. */
const take = async (
  trial: Trial,
  steps: SteppingTask,
  ...types: ReadonlyArray<Parameters<SteppingTask["send"]>[0]>
) => {
  for (const type of types) {
    steps.send(type)
    await trial.settle()
  }
}

/** A run whose first attempt has taken two steps and was aborted. */
const aborted = async (
  underTest: ExecutorUnderTest
): Promise<{ readonly trial: Trial; readonly steps: SteppingTask }> => {
  const trial = new Trial(underTest)
  const steps = new SteppingTask()
  trial.submit("a", steps.task)
  await trial.settle()
  await take(trial, steps, "step", "step")
  expectSame("cancel", trial.executor.cancel("a"), true)
  await trial.settle()
  return { trial, steps }
}

export const checkpointClauses: Readonly<Record<string, (underTest: ExecutorUnderTest) => Promise<void>>> = {
  "each step of a task that saves them is told, as JSON text, between start and outcome": async (underTest) => {
    const trial = new Trial(underTest)
    const steps = new SteppingTask()
    trial.submit("a", steps.task)
    await trial.settle()
    await take(trial, steps, "step", "step", "end")
    const told = [1, 2, 3].map(() => "checkpointed a")
    expectSame("the story", trial.story, ["started a", ...told, "settled a"])
    expectSame("three that differ", new Set(texts(trial, "a").map((text) => JSON.stringify(JSON.parse(text)))).size, 3)
    expectSame("its result", trial.settlement("a").result, "2")
  },

  "a step of a task that saves none is not told": async (underTest) => {
    const trial = new Trial(underTest)
    const steps = new SteppingTask({ checkpoint: "never" })
    trial.submit("a", steps.task)
    await trial.settle()
    await take(trial, steps, "step", "end")
    expectSame("the story", trial.story, ["started a", "settled a"])
  },

  "the next attempt goes on from the order's checkpoint, and one without begins at the beginning": async (
    underTest
  ) => {
    const { trial, steps } = await aborted(underTest)
    trial.submit("a", steps.task, { attempt: 2, checkpoint: newest(trial, "a") })
    trial.submit("b", steps.task)
    await trial.settle()
    expectSame("where the attempts began", steps.began, [0, 2, 0])
    close(trial.executor)
  },

  "an attempt that fails has told its steps too": async (underTest) => {
    const trial = new Trial(underTest)
    const steps = new SteppingTask()
    trial.submit("a", steps.task)
    await trial.settle()
    await take(trial, steps, "step", "fail")
    expectSame("its outcome", [trial.outcome("a"), trial.settlement("a").retryable], ["failed", true])
    trial.submit("a", steps.task, { attempt: 2, checkpoint: newest(trial, "a") })
    await trial.settle()
    expectSame("where the attempts began", steps.began, [0, 1])
    close(trial.executor)
  },

  "no step is told after its attempt's outcome": async (underTest) => {
    const { trial, steps } = await aborted(underTest)
    const { story } = trial
    await take(trial, steps, "step", "end")
    expectSame("the story", trial.story, story)
    expectSame("its last", story.at(-1), "settled a")
  },

  "an attempt that only waits is interrupted until then, its last step told before, and its slot is free": async (
    underTest
  ) => {
    const trial = new Trial(underTest, { concurrency: 1, queue: 1 })
    const steps = new SteppingTask({ waits: true })
    trial.submit("a", steps.task)
    const until = trial.timers.now() + waitMs
    await take(trial, steps, "wait")
    const { outcome, error, result, waitsUntil } = trial.settlement("a")
    expectSame("its end", [outcome, error, result, waitsUntil], ["interrupted", null, null, until])
    expectSame("the story", trial.story, ["started a", "checkpointed a", "settled a"])
    expectSame("status", trial.executor.status(), idle)
    trial.submit("b", () => 1)
    await trial.settle()
    expectSame("another in its slot", trial.outcome("b"), "succeeded")
    await trial.timers.advance(2 * waitMs)
    expectSame("told once", trial.settlements("a").length, 1)
  },

  "a wait is over when it was to be, whenever the next attempt is made": async (underTest) => {
    const trial = new Trial(underTest)
    const steps = new SteppingTask({ waits: true })
    trial.submit("a", steps.task)
    await take(trial, steps, "wait")
    const { waitsUntil } = trial.settlement("a")
    await trial.timers.advance(waitMs / 2)
    trial.submit("a", steps.task, { attempt: 2, checkpoint: newest(trial, "a") })
    await trial.settle()
    const [, early] = trial.settlements("a")
    expectSame("before", [early?.outcome, early?.waitsUntil], ["interrupted", waitsUntil])
    await trial.timers.advance(waitMs)
    trial.submit("a", steps.task, { attempt: 3, checkpoint: newest(trial, "a") })
    await trial.settle()
    await trial.timers.advance(0)
    const [, , late] = trial.settlements("a")
    expectSame("after", [late?.outcome, late?.result], ["succeeded", "1"])
    expectSame("where the attempts began", steps.began, [0, 1, 1])
  },

  "a checkpoint that does not fit its task is told as unfit, and nothing is begun anew": async (underTest) => {
    const trial = new Trial(underTest)
    const steps = new SteppingTask()
    for (const odd of [null, "}{", 7, [], { step: 1 }]) {
      const runId = `with ${JSON.stringify(odd)}`
      trial.submit(runId, steps.task, { attempt: 2, checkpoint: odd })
      await trial.settle()
      const { outcome, unfit, error } = trial.settlement(runId)
      // `null`: there was one, and it is gone.
      const name = odd === null ? "CheckpointLostError" : "CheckpointMisfitError"
      expectSame(runId, [outcome, unfit, error?.name], ["failed", true, name])
    }
    expectSame("where attempts began", steps.began, [])
    expectSame("told", texts(trial, "a"), [])
  },

  "a step that cannot be saved fails the attempt, which is not tried again": async (underTest) => {
    const trial = new Trial(underTest)
    const steps = new SteppingTask()
    trial.submit("a", steps.task)
    await trial.settle()
    await take(trial, steps, "odd")
    const { outcome, error, retryable } = trial.settlement("a")
    expectSame("its end", [outcome, error?.name, retryable], ["failed", "StepNotSavedError", false])
    expectSame("status", trial.executor.status(), idle)
  },

  "an attempt whose worker dies alone is told as crashed, and no other": async (underTest) => {
    const { crash } = underTest
    if (crash === undefined) return
    const trial = new Trial(underTest)
    const steps = new SteppingTask()
    const other = gate()
    trial.submit("a", steps.task)
    trial.submit("b", () => other.promise)
    await trial.settle()
    await take(trial, steps, "step")
    crash(trial.executor, "a")
    await trial.settle()
    const { outcome, crashed } = trial.settlement("a")
    expectSame("its end", [outcome === "failed" || outcome === "interrupted", crashed], [true, true])
    expectSame("status", trial.executor.status(), { running: 1, queued: 0, stuck: 0 })
    trial.submit("a", steps.task, { attempt: 2, checkpoint: newest(trial, "a") })
    await trial.settle()
    expectSame("where the attempts began", steps.began, [0, 1])
    await take(trial, steps, "end")
    other.open(1)
    await trial.settle()
    const ends = trial.settlements("a").concat(trial.settlements("b"))
    expectSame(
      "the ends",
      ends.map((end) => [end.outcome === "succeeded", end.crashed]),
      [
        [false, true],
        [true, undefined],
        [true, undefined]
      ]
    )
  }
}
