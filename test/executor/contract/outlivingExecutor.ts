/**
 * An executor whose attempts outlive the scheduler, as those in processes of their own do: its close leaves them to whoever is made next, which
 * adopts those that it is asked for. Flaws can be put into it.
 */
import { executorContract } from "../../../src/executor/contract/executorContract.ts"
import type { AttemptId, Executor, ExecutorContext, RunListener, Settlement } from "../../../src/executor/executor.ts"
import { inProcess } from "../../../src/executor/inProcess/inProcessExecutor.ts"
import { ManualTimers } from "../manualTimers.ts"

export interface Flaws {
  /** Tells those who are gone. */
  readonly tellsTheDead: boolean
  /** Forgets what has ended while nobody was there. */
  readonly forgetsTheEnded: boolean
  readonly tellsTwice: boolean
  /** Takes another attempt of the run for the one under way. */
  readonly takesAnyAttempt: boolean
  readonly forgetsSlots: boolean
  readonly cancelsNone: boolean
  /** Ends at its close what it hands on. */
  readonly endsAndHandsOn: boolean
}

/** Attempts of an executor that was closed. */
interface Left {
  readonly executor: Executor
  readonly attempts: Map<string, AttemptId>
  readonly ended: Map<string, readonly [AttemptId, Settlement]>
  /** Who hears of those that it has adopted. */
  readonly adopters: Map<string, RunListener>
}

export const outliving = (flaws: Partial<Flaws> = {}) =>
  executorContract({
    provider: ({ concurrency, queue, stuckAfterMs }) => {
      const sound = inProcess({ concurrency, queue, stuckAfter: stuckAfterMs })
      const behind: Array<Left> = []
      return { ...sound, make: (context) => made(sound.make, context, behind, flaws) }
    },
    timers: () => new ManualTimers()
  })

const made = (
  make: (context: ExecutorContext) => Executor,
  context: ExecutorContext,
  behind: Array<Left>,
  flaws: Partial<Flaws>
): Executor => {
  const { listener } = context
  const left = { attempts: new Map<string, AttemptId>(), ended: new Map<string, readonly [AttemptId, Settlement]>() }
  const adopters = new Map<string, RunListener>()
  let closed = false
  const hears = ({ runId }: AttemptId): RunListener | undefined =>
    adopters.get(runId) ?? (closed && flaws.tellsTheDead !== true ? undefined : listener)
  const executor = make({
    ...context,
    listener: {
      started: (attempt, at) => hears(attempt)?.started(attempt, at),
      progressed: (attempt, value) => hears(attempt)?.progressed(attempt, value),
      checkpointed: (attempt, text) => hears(attempt)?.checkpointed(attempt, text),
      settled: (attempt, settlement) => {
        const heard = hears(attempt)
        left.attempts.delete(attempt.runId)
        if (heard === undefined) left.ended.set(attempt.runId, [attempt, settlement])
        heard?.settled(attempt, settlement)
        if (flaws.tellsTwice === true && closed) heard?.settled(attempt, settlement)
      }
    }
  })
  /** Where runs are made that this one has adopted. */
  const elsewhere = new Map<string, Left>()
  const taken = (): number =>
    flaws.forgetsSlots === true ? 0 : [...elsewhere].filter(([runId, { attempts }]) => attempts.has(runId)).length
  return {
    free: () => (closed ? 0 : executor.free() - taken()),
    submit: (order) => {
      left.attempts.set(order.runId, { runId: order.runId, attempt: order.attempt })
      executor.submit(order)
    },
    cancel: (runId) => {
      const maker = elsewhere.get(runId)?.executor
      if (maker === undefined) return executor.cancel(runId)
      return flaws.cancelsNone !== true && maker.cancel(runId)
    },
    close: () => {
      if (closed) return
      closed = true
      behind.push({ ...left, executor, adopters })
      if (flaws.endsAndHandsOn === true)
        for (const attempt of left.attempts.values()) listener.settled(attempt, interrupted(context.timers.now()))
    },
    status: () => {
      const { running, ...rest } = executor.status()
      return closed ? { ...rest, running: 0 } : { ...rest, running: running + taken() }
    },
    adopt: async (asked) =>
      asked.flatMap(({ runId, attempt }) => {
        for (const other of behind) {
          const ended = other.ended.get(runId)
          const known = other.attempts.get(runId) ?? ended?.[0]
          if (known === undefined || (known.attempt !== attempt && flaws.takesAnyAttempt !== true)) continue
          if (ended !== undefined && flaws.forgetsTheEnded === true) continue
          elsewhere.set(runId, other)
          other.adopters.set(runId, listener)
          if (ended !== undefined) listener.settled(...ended)
          return [runId]
        }
        return []
      })
  }
}

const interrupted = (at: number): Settlement => ({
  outcome: "interrupted",
  startedAt: at,
  finishedAt: at,
  result: null,
  error: null,
  retryable: true
})
