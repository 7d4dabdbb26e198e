/** What an Effect program sees of its attempts: spans, log annotations, metrics. Of attempts that are Effects; others cost nothing. */
import { Effect, FiberRef, FiberRefs, HashMap, Metric, MetricBoundaries, MetricLabel, Runtime } from "effect"
import type { AttemptObserver, EffectAttempt } from "../task/attemptObserver.ts"
import type { Outcome } from "../job/run.ts"
import type { CarriedContext } from "./callerContext.ts"
import { hasTracer, linksOf, withCarried } from "./callerContext.ts"

/** Attempts that have ended, by the labels `task` and `outcome`. */
const attempts = Metric.counter("carillon_attempts_total", {
  description: "Attempts of runs that are Effects, by task and outcome",
  incremental: true
})

/** 1 ms to 4.6 hours. */
const lateness = Metric.histogram(
  "carillon_lateness_ms",
  MetricBoundaries.exponential({ start: 1, factor: 4, count: 13 }),
  "How long after its fire time a run's first attempt began, milliseconds, by task"
)

/** What follows the attempts of a program: its tracer, if it has one, and its metrics' labels. */
export const attemptTelemetry = (
  runtime: Runtime.Runtime<never>,
  carried: CarriedContext = {}
): AttemptObserver["Type"] => {
  const around = hasTracer(runtime.fiberRefs) ? traced : identity
  const labels = new Map<string, ReadonlyArray<MetricLabel.MetricLabel>>()
  const own = FiberRefs.getOrDefault(runtime.fiberRefs, FiberRef.currentMetricLabels)
  const labelled = (task: string, outcome?: Outcome): ReadonlyArray<MetricLabel.MetricLabel> => {
    const key = `${outcome ?? ""} ${task}`
    const known = labels.get(key)
    if (known !== undefined) return known
    const ofOutcome = outcome === undefined ? [] : [MetricLabel.make("outcome", outcome)]
    const made = [...own, MetricLabel.make("task", task), ...ofOutcome]
    labels.set(key, made)
    return made
  }
  return {
    around,
    runtimeOf: (own, attempt) => withCarried(annotated(own, attempt), carried, attempt.caller?.context),
    ended: (outcome, attempt) => {
      const { task } = attempt
      attempts.unsafeUpdate(1, labelled(task, outcome))
      if (attempt.attempt === 1) lateness.unsafeUpdate(latenessMs(attempt), labelled(task))
    }
  }
}

const latenessMs = ({ startedAt, fireAt }: EffectAttempt): number => Math.max(0, startedAt - fireAt)

const identity = (effect: Effect.Effect<unknown, unknown>): Effect.Effect<unknown, unknown> => effect

/** A root: what surrounds the building of the layer has ended long ago. */
const traced = (effect: Effect.Effect<unknown, unknown>, attempt: EffectAttempt): Effect.Effect<unknown, unknown> =>
  // Within the span, for the finalizers are the attempt's too.
  Effect.withSpan(Effect.scoped(effect), "carillon.run", {
    root: true,
    captureStackTrace: false,
    links: linksOf(attempt.caller),
    attributes: {
      "carillon.job": attempt.jobId,
      "carillon.run": attempt.runId,
      "carillon.task": attempt.task,
      "carillon.attempt": attempt.attempt,
      "carillon.lateness_ms": latenessMs(attempt)
    }
  })

/** What `Effect.annotateLogs` does, at a quarter of its cost. */
const annotated = (runtime: Runtime.Runtime<never>, { jobId, runId }: EffectAttempt): Runtime.Runtime<never> => {
  const outer = FiberRefs.getOrDefault(runtime.fiberRefs, FiberRef.currentLogAnnotations)
  const own = HashMap.set(HashMap.set<string, unknown>(outer, "jobId", jobId), "runId", runId)
  return Runtime.setFiberRef(runtime, FiberRef.currentLogAnnotations, own)
}
