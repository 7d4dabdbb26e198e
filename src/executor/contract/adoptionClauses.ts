/**
 * The contract of an executor, part five: attempts that outlive the scheduler, for executors that `adopt`. What is made from the same provider once
 * the first is closed stands for the executor of the next start.
 */
import type { ExecutorUnderTest, Gate } from "./executorTrial.ts"
import { close, expectSame, gate, Trial } from "./executorTrial.ts"

/** An executor with attempts of `a`, `b` … under way, closed. `null`: it has ended them itself, and the next one knows nothing of them. */
const outlived = async (
  underTest: ExecutorUnderTest,
  runIds: ReadonlyArray<string>
): Promise<{ readonly before: Trial; readonly gates: ReadonlyMap<string, Gate> } | null> => {
  const before = new Trial(underTest)
  if (before.executor.adopt === undefined) return null
  const gates = new Map(runIds.map((runId) => [runId, gate()]))
  for (const [runId, { promise }] of gates) before.submit(runId, () => promise, { timeoutMs: 60_000 })
  await before.settle()
  close(before.executor)
  await before.settle()
  if (before.settlements("a").length === 0) return { before, gates }
  expectSame(
    "ended by its close",
    [...gates.keys()].map((runId) => before.outcome(runId)),
    runIds.map(() => "interrupted")
  )
  const after = before.next()
  expectSame("adopted, though they have ended", await adopt(after, runIds), [])
  close(after.executor)
  return null
}

/** Runs that it says to be its own, of attempt 1 of each. */
const adopt = async ({ executor }: Trial, runIds: ReadonlyArray<string>, attempt = 1): Promise<ReadonlyArray<string>> =>
  [...((await executor.adopt?.(runIds.map((runId) => ({ runId, attempt })))) ?? [])].toSorted()

export const adoptionClauses: Readonly<Record<string, (underTest: ExecutorUnderTest) => Promise<void>>> = {
  "what it was never given is not adopted": async (underTest) => {
    const trial = new Trial(underTest)
    if (trial.executor.adopt === undefined) return
    const free = trial.executor.free()
    expectSame("of none", await adopt(trial, []), [])
    expectSame("of a strange one", await adopt(trial, ["strange"]), [])
    await trial.settle()
    expectSame("told", trial.story, [])
    expectSame("free", trial.executor.free(), free)
    close(trial.executor)
  },

  "a close leaves attempts alone that outlive it, and tells nothing of them": async (underTest) => {
    const world = await outlived(underTest, ["a"])
    if (world === null) return
    const { before, gates } = world
    gates.get("a")?.open(1)
    await before.settle()
    expectSame("told by the one that is closed", before.story, ["started a"])
  },

  "an attempt under way is adopted, takes its slot, and its end is told once, to the new one's listener": async (
    underTest
  ) => {
    const world = await outlived(underTest, ["a"])
    if (world === null) return
    const { before, gates } = world
    const after = before.next()
    const free = after.executor.free()
    expectSame("adopted", await adopt(after, ["a", "strange"]), ["a"])
    await after.settle()
    expectSame("slots", [after.executor.status().running, after.executor.free()], [1, free - 1])
    expectSame("told yet", after.settlements("a").length, 0)
    gates.get("a")?.open("done")
    await after.settle()
    const { outcome, result } = after.settlement("a")
    expectSame("its end", [outcome, result], ["succeeded", '"done"'])
    expectSame("slots at the end", [after.executor.status().running, after.executor.free()], [0, free])
    expectSame("told by the one that is closed", before.story, ["started a"])
    close(after.executor)
  },

  "an attempt that has ended while nobody was there is adopted and settled as well": async (underTest) => {
    const world = await outlived(underTest, ["a"])
    if (world === null) return
    const { before, gates } = world
    gates.get("a")?.open("meanwhile")
    await before.settle()
    const after = before.next()
    expectSame("adopted", await adopt(after, ["a"]), ["a"])
    await after.settle()
    const { outcome, result } = after.settlement("a")
    expectSame("its end", [outcome, result], ["succeeded", '"meanwhile"'])
    expectSame("running", after.executor.status().running, 0)
    close(after.executor)
  },

  "another attempt of a run than the one under way is not adopted": async (underTest) => {
    const world = await outlived(underTest, ["a"])
    if (world === null) return
    const after = world.before.next()
    expectSame("adopted", await adopt(after, ["a"], 2), [])
    await after.settle()
    expectSame("told", after.settlements("a").length, 0)
    close(after.executor)
  },

  "an adopted attempt can be cancelled, and its timeout goes on": async (underTest) => {
    const world = await outlived(underTest, ["a", "b"])
    if (world === null) return
    const { before } = world
    await before.timers.advance(20_000)
    const after = before.next()
    expectSame("adopted", await adopt(after, ["a", "b"]), ["a", "b"])
    expectSame("cancel", after.executor.cancel("a"), true)
    await after.settle()
    expectSame("the cancelled one", after.outcome("a"), "cancelled")
    await after.timers.advance(40_000)
    expectSame("the other", after.outcome("b"), "timedOut")
    close(after.executor)
  }
}
