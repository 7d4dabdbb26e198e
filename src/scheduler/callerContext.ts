/**
 * What a run is to know of who asked for it: the span, and those of the caller's FiberRefs that a program has named. Kept with the run or the
 * job, so that it is there after a restart, and bounded.
 */
import {
  Context,
  DefaultServices,
  Effect,
  FiberRef,
  FiberRefs,
  Option,
  ParseResult,
  Runtime,
  Schema,
  Tracer
} from "effect"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { inWords } from "../input/inWords.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import { InvalidJobError } from "../job/jobOptions.ts"
import type { RunCaller } from "../job/run.ts"
import { NotJsonError, toJson } from "../task/jsonText.ts"
import type { Json } from "../trigger/trigger.ts"

/** A FiberRef whose value goes from who asks for a run to its attempts. Made by `carry`. */
export interface Carried {
  /** Its value as JSON; `undefined`: nobody has set it. Throws where it has none that the schema takes. */
  readonly read: (refs: FiberRefs.FiberRefs) => unknown
  /** A runtime where it has that value. Throws what the schema says of another. */
  readonly put: (runtime: Runtime.Runtime<never>, kept: Json) => Runtime.Runtime<never>
}

/** Names a FiberRef for `context` of `Scheduler.layer`. The schema's encoded side is plain JSON; it needs no services and answers at once. Throws `InvalidOptionError`. */
export const carry = <A, I>(ref: FiberRef.FiberRef<A>, schema: Schema.Schema<A, I>): Carried => {
  checkCarried("ref", ref, "a FiberRef", (given) => Reflect.has(given, FiberRef.FiberRefTypeId))
  checkCarried("schema", schema, "a Schema of effect 3", Schema.isSchema)
  const encode = Schema.encodeSync(schema)
  const decode = Schema.decodeUnknownSync(schema)
  return {
    read: (refs) => Option.getOrUndefined(Option.map(FiberRefs.get(refs, ref), encode)),
    put: (runtime, kept) => Runtime.setFiberRef(runtime, ref, decode(kept))
  }
}

const checkCarried = (part: string, given: unknown, expected: string, fits: (given: object) => boolean): void => {
  const unreadable = isUnreadable(given, 1)
  const readable = !unreadable && given !== null && (typeof given === "object" || typeof given === "function")
  if (readable && fits(given)) return
  const found = unreadable ? unreadableText : inWords(given)
  throw new InvalidOptionError({ option: `carry's ${part}`, found, expected })
}

/** What is carried, by the name that it is stored under. */
export type CarriedContext = { readonly [name: string]: Carried }

/** Characters of all that is carried, as JSON text. */
const mostText = 4_096
/** Characters of a trace's ids: those of OpenTelemetry have 32 and 16. */
const longestId = 64

/** The caller of the Effect that runs it, for a job or its run; `undefined`: there is nothing to know. */
export type ReadCaller = (jobId: string) => Effect.Effect<RunCaller | undefined, InvalidJobError>

/** Fails with `InvalidJobError` where what is to be carried cannot be kept. */
export const callerReader = (carried: CarriedContext): ReadCaller => {
  const names = Object.keys(carried)
  return (jobId) =>
    Effect.withFiberRuntime((fiber) => {
      const refs = fiber.getFiberRefs()
      const trace = traceOf(refs)
      if (names.length === 0) return Effect.succeed(trace === undefined ? undefined : { trace })
      return Effect.map(contextOf(jobId, carried, refs), (context) =>
        trace === undefined && context === undefined
          ? undefined
          : { ...(trace === undefined ? {} : { trace }), ...(context === undefined ? {} : { context }) }
      )
    })
}

/** The caller of whom only the span is known. */
export const traceOfCaller: Effect.Effect<RunCaller | undefined> = Effect.withFiberRuntime((fiber) => {
  const trace = traceOf(fiber.getFiberRefs())
  return Effect.succeed(trace === undefined ? undefined : { trace })
})

/** Effect's own tracer, which is there when a program has none, makes spans that nobody reads. */
export const hasTracer = (refs: FiberRefs.FiberRefs): boolean => {
  const services = FiberRefs.getOrDefault(refs, DefaultServices.currentServices)
  return Context.get(services, Tracer.Tracer) !== Context.get(DefaultServices.liveServices, Tracer.Tracer)
}

const traceOf = (refs: FiberRefs.FiberRefs): RunCaller["trace"] => {
  if (!hasTracer(refs)) return undefined
  const context = FiberRefs.getOrDefault(refs, FiberRef.currentContext) as Context.Context<Tracer.ParentSpan>
  const span = Option.getOrUndefined(Context.getOption(context, Tracer.ParentSpan))
  if (span === undefined) return undefined
  const { traceId, spanId, sampled } = span
  return traceId.length > longestId || spanId.length > longestId ? undefined : { traceId, spanId, sampled }
}

const contextOf = (
  jobId: string,
  carried: CarriedContext,
  refs: FiberRefs.FiberRefs
): Effect.Effect<RunCaller["context"], InvalidJobError> =>
  Effect.suspend(() => {
    const context: { [name: string]: Json } = {}
    let length = 0
    for (const [name, each] of Object.entries(carried)) {
      const refused = (found: string, expected: string) =>
        Effect.fail(new InvalidJobError({ jobId, field: `context.${name}`, found, expected }))
      try {
        const value = each.read(refs)
        if (value === undefined) continue
        const json = toJson(value)
        context[name] = json
        length += name.length + JSON.stringify(json).length
        if (length > mostText) return refused(`${length} characters with those before`, `at most ${mostText} in all`)
      } catch (error) {
        if (ParseResult.isParseError(error)) return refused("what its schema refuses", error.message)
        if (error instanceof NotJsonError) return refused(error.found, error.expected)
        return Effect.die(error)
      }
    }
    return Effect.succeed(length === 0 ? undefined : context)
  })

/** The span in which a run was asked for, as it is linked; nothing of what damage has left. */
export const linksOf = (caller: RunCaller | undefined): ReadonlyArray<Tracer.SpanLink> => {
  const { traceId, spanId, sampled }: { readonly [part in keyof NonNullable<RunCaller["trace"]>]?: unknown } =
    caller?.trace ?? {}
  if (typeof traceId !== "string" || typeof spanId !== "string") return []
  const span = Tracer.externalSpan({ traceId, spanId, sampled: sampled !== false })
  return [{ _tag: "SpanLink", span, attributes: { "carillon.link": "caller" } }]
}

/** A runtime with what was carried. What a newer schema does not take any more is left out, and logged. */
export const withCarried = (
  runtime: Runtime.Runtime<never>,
  carried: CarriedContext,
  context: RunCaller["context"]
): Runtime.Runtime<never> => {
  let own = runtime
  for (const [name, kept] of Object.entries(context ?? {})) {
    const each = carried[name]
    if (each === undefined) continue
    try {
      own = each.put(own, kept)
    } catch (error) {
      const text = ParseResult.isParseError(error) ? error.message : inWords(error)
      Runtime.runFork(own, Effect.logWarning(`carillon: context.${name} of a run is left out: ${text}`))
    }
  }
  return own
}
