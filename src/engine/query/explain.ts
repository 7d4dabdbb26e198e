/**
 * Why a job ran at an instant, or why it did not: one sentence with the facts, from the rows and the trigger.
 * A few lines long of 300: the order in which the reasons are tried is the answer.
 */
import type { AwaitedEnd } from "../../executor/executor.ts"
import type { EpochMillis, InstantInput } from "../../time/instant.ts"
import { readInstant } from "../../time/instant.ts"
import { durationWords } from "../../time/durationWords.ts"
import { checkedNext } from "../../trigger/checkedTrigger.ts"
import type { Trigger } from "../../trigger/trigger.ts"
import { standsFor } from "../../job/overlap.ts"
import { isOfFireTime } from "../../store/claimKind.ts"
import type { JobRow, LedgerRow, RunRow } from "../../store/jobStore.ts"
import { counts } from "../../job/clockSetBack.ts"
import type { MisfireReason } from "../../job/misfire.ts"
import type { AttemptDue, LiveRun } from "../../job/run.ts"
import type { JobMemory } from "../../job/snapshot.ts"
import type { Engine } from "../engine.ts"
import { decodeMemory } from "../job/jobCodec.ts"
import type { Missing } from "./whyWaiting.ts"
import { missingFor, missingText, whyWaiting } from "./whyWaiting.ts"
import type { JobQueries } from "./jobQueries.ts"
import type { JobRecord } from "../job/jobRecord.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"

/** What became of an instant. */
export type Verdict =
  "ran" | "running" | "misfired" | "coalesced" | "paused" | "waiting" | "ahead" | "notFireTime" | "before" | "unknown"

/** Why a job ran at an instant, or why it did not. */
export interface Explanation {
  /** As it was asked for. */
  readonly jobId: string
  /** As it was asked for, epoch milliseconds. */
  readonly instant: EpochMillis
  /** What `sentence` says, for programs. */
  readonly verdict: Verdict
  /** One sentence. */
  readonly sentence: string
  /** The run in question. */
  readonly runId: string | null
}

export const explain = async (
  engine: Engine,
  queries: JobQueries,
  jobId: string,
  given: InstantInput
): Promise<Explanation> => {
  const { writer, record, key } = await queries.mustFind(jobId, "explain")
  const instant = readInstant(given, engine.options.timezone)
  const outOfTurn = writer.isHeld(key) ? ` ${outOfTurnText}` : ""
  const answer = (verdict: Verdict, text: string, runId: string | null = null): Explanation => {
    const sentence = verdict === "running" || verdict === "waiting" ? text + outOfTurn : text
    return { jobId, instant, verdict, sentence, runId }
  }
  const runs = (
    await engine.questions.read("explain", writer.store.reads.runs({ jobId, from: instant, to: instant, limit: 1000 }))
  ).filter((each) => each.jobKey === key)
  const [row] = await engine.questions.read("explain", writer.store.reads.jobs({ keys: [key] }))
  const memory = row === undefined ? null : memoryOf(row)
  // What a clock that was ahead has recorded of instants that are still to come is not what becomes of them.
  const countsHere = (record: Parameters<typeof counts>[1]): boolean =>
    memory === null || instant <= memory.since || counts(memory, record)
  const awaitedOf = ({ runKey }: RunRow): AwaitedEnd | null => engine.dispatcher.awaited(writer.runId(runKey))
  const requested = runs.find((each) => !isOfFireTime(each))
  const run = runs.find((each) => isOfFireTime(each) && countsHere(each))
  if (run !== undefined) {
    const sentence = sentenceOfRun(run, record, awaitedOf(run)) + sentenceOfRetry(runs, writer)
    return answer(run.outcome === null ? "running" : "ran", sentence, writer.runId(run.runKey))
  }
  const entries = (
    await engine.questions.read("explain", writer.store.reads.ledger({ jobId, from: instant, to: instant, limit: 100 }))
  ).filter((each) => each.jobKey === key && countsHere(each))
  const trigger = row === undefined ? null : triggerOf(engine, row)
  const isFireTime = trigger !== null && fires(trigger, instant)
  for (const kind of ["misfired", "coalesced", "paused", "superseded"] as const) {
    const entry = entries.find((each) => each.kind === kind)
    if (entry === undefined) continue
    if (kind === "paused")
      return answer(
        "paused",
        `The job was paused from ${iso(entry.fromAt)} to ${iso(entry.throughAt)}; fire times in a pause are not made up.`
      )
    if (kind === "superseded")
      return answer(
        "before",
        `Until ${iso(entry.throughAt)} the job had another trigger, and nothing was recorded for ${iso(instant)}.`
      )
    if (entry.count > 1 && trigger !== null && !isFireTime) continue
    if (kind === "misfired") return answer("misfired", sentenceOfMisfire(entry, instant, record))
    return answer(
      "coalesced",
      sentenceOfCoalesced(entry, writer),
      entry.runKey === null ? null : writer.runId(entry.runKey)
    )
  }
  const waiting = row === undefined ? null : placeInQueue(row, instant)
  if (waiting !== null) return answer("waiting", waiting)
  if (requested !== undefined) {
    const verdict = requested.outcome === null ? "running" : "ran"
    return answer(verdict, sentenceOfRun(requested, record, awaitedOf(requested)), writer.runId(requested.runKey))
  }
  const forgottenThrough =
    record.state === "done" ? await engine.questions.read("explain", writer.store.forgottenThrough()) : null
  const missing = row === undefined ? null : missingFor(engine, row)
  return withoutRecord(
    engine,
    writer,
    { record, memory, trigger, instant, isFireTime, forgottenThrough, missing },
    answer
  )
}

/** The newest of the runs that tried it again on request. */
const sentenceOfRetry = (runs: ReadonlyArray<RunRow>, writer: StoreWriter): string => {
  const retry = runs.find(({ request }) => request < 0)
  if (retry === undefined) return ""
  return ` It was tried again on request as run ${writer.runId(retry.runKey)}, which ${retry.outcome === null ? "is live" : `has ${retry.outcome}`}.`
}

const outOfTurnText =
  "It is held back: the process died twice in a row while the job ran, and another job of which that is so runs first."

/** A fire time that is neither run nor refused yet: it waits for a free instance, or for the run that stands for it. */
const placeInQueue = (row: JobRow, instant: EpochMillis): string | null => {
  const queue = memoryOf(row)?.queue ?? []
  const place = queue.findIndex(
    (fire) =>
      fire.fireAt === instant || standsFor(fire).some(({ from, through }) => from <= instant && instant <= through)
  )
  const found = queue[place]
  if (found === undefined) return null
  const before = place === 0 ? "" : `, behind ${place} others`
  const stands = found.fireAt === instant ? "" : `; the run for ${iso(found.fireAt)} will stand for it`
  return `It came due and waits for a free instance${before}${stands}.`
}

const memoryOf = (row: JobRow): JobMemory | null => {
  try {
    return decodeMemory(row)
  } catch {
    return null // The job is parked as unreadable, which its record says.
  }
}

interface Unrecorded {
  readonly record: JobRecord
  /** `null` where it cannot be read. */
  readonly memory: JobMemory | null
  readonly trigger: Trigger | null
  readonly instant: EpochMillis
  readonly isFireTime: boolean
  /** What retention has forgotten of done jobs, for a job that is done. */
  readonly forgottenThrough: EpochMillis | null
  /** What the job needs and this process does not have. */
  readonly missing: Missing | null
}

const withoutRecord = (
  engine: Engine,
  writer: StoreWriter,
  { record, memory, trigger, instant, isFireTime, forgottenThrough, missing }: Unrecorded,
  answer: (verdict: Verdict, sentence: string) => Explanation
): Explanation => {
  // What a parked job owed when it was parked is still owed.
  const owed = record.fault !== null && isFireTime && instant > (record.lastFireAt ?? record.addedAt - 1)
  const accountedThrough = Math.max(memory?.cursor ?? -Infinity, record.lastFireAt ?? -Infinity)
  const noMore = `The job has had its last fire time, and fires no more after ${record.runCount} runs.`
  // A pause keeps none of those back.
  const isOver = memory?.exhausted === true && record.state !== "done" && !owed
  if (isOver && isFireTime && instant > accountedThrough) return answer("before", noMore)
  if (record.pausedAt !== null && (instant > record.pausedAt || owed)) {
    const why = record.fault === null ? "by a user" : `because it is faulty: ${record.fault.message}`
    return answer("paused", `The job is paused since ${iso(record.pausedAt)} ${why}.`)
  }
  if (instant < record.addedAt && !isFireTime)
    return answer("before", `The job was added at ${iso(record.addedAt)}, after that instant.`)
  if (missing?.missing === "trigger" && instant > accountedThrough && record.state !== "done")
    return answer("unknown", `Whether ${iso(instant)} is a fire time nobody can say here: ${missingText(missing)}.`)
  if (missing?.missing === "stream")
    return answer("notFireTime", `Nothing comes from the job's stream: ${missingText(missing)}.`)
  if (trigger?.stream !== undefined)
    return answer(
      "notFireTime",
      `Stream "${trigger.stream}" drives the job, and it emitted nothing at that instant${streamText(record)}.`
    )
  if (trigger !== null && !isFireTime) {
    const next = checkedNext(trigger, instant)
    const following = next === undefined ? "there is none after it" : `the next one after it is ${iso(next)}`
    return answer("notFireTime", `${iso(instant)} is no fire time of the job's trigger; ${following}.`)
  }
  // Of what the job has accounted for, only a record can say what became of it.
  if (instant <= accountedThrough) return accountedFor({ record, memory, instant, forgottenThrough }, answer)
  if (record.state === "done")
    return answer("before", `The job was done before that instant, after ${record.runCount} runs.`)
  // A paused job shows no next fire time, and a fixed delay has none while its run is under way.
  const over = record.nextFireAt === null && record.pausedAt === null && trigger?.after !== "run"
  if (over) return answer("before", noMore)
  if (instant > engine.timers.now())
    return answer("ahead", `The job will fire at ${iso(instant)} unless it is paused, changed or removed before.`)
  if (record.nextFireAt !== null && instant >= record.nextFireAt) {
    return answer(
      "waiting",
      `The fire time is due and has not been served yet: ${whyWaiting(engine, writer, record, missing)}.`
    )
  }
  return answer("unknown", unknownText(record, instant))
}

/** What has become of the stream that drives the job, after a sentence on what it gave. */
const streamText = ({ stream }: JobRecord): string => {
  if (stream === null || stream.since === null) return ""
  if (stream.state === "completed") return `; it has completed at ${iso(stream.since)}`
  if (stream.state !== "failed" || stream.retryAt === null) return ""
  const { failures, error } = stream
  const times = failures === 1 ? "" : `, for the ${failures}th time in a row`
  const cause = error === null ? "" : ` with ${error.name}: ${error.message}`
  return `; it has failed at ${iso(stream.since)}${cause}${times}, and is subscribed to again at ${iso(stream.retryAt)}`
}

/** Retention has deleted the record, or the job was not there yet. */
const accountedFor = (
  { record, memory, instant, forgottenThrough }: Pick<Unrecorded, "record" | "memory" | "instant" | "forgottenThrough">,
  answer: (verdict: Verdict, sentence: string) => Explanation
): Explanation => {
  const { addedAt, lastFireAt } = record
  const counted = memory !== null && instant > memory.since
  if (counted && instant === lastFireAt)
    return answer("ran", "A run was made for it and has ended; its record is no longer kept.")
  if (instant >= addedAt || instant === lastFireAt) return answer("unknown", unknownText(record, instant))
  if (forgottenThrough !== null && instant <= forgottenThrough)
    return answer(
      "unknown",
      `Nothing is recorded for ${iso(instant)}: it may have run in an earlier life of the job, of which the records are deleted; the job was added at ${iso(addedAt)}.`
    )
  if (counted) return answer("unknown", unknownText(record, instant))
  return answer("before", `The job was added at ${iso(addedAt)}, after that instant.`)
}

const unknownText = ({ addedAt }: JobRecord, instant: EpochMillis): string =>
  `Nothing is recorded for ${iso(instant)}: its record is older than the retention time${instant < addedAt ? ", or from before the job was added" : ""}.`

const sentenceOfRun = (run: RunRow, record: JobRecord, awaited: AwaitedEnd | null): string => {
  if (run.damage !== undefined) return `There is a record of a run that cannot be read: ${run.damage}.`
  const kind = isOfFireTime(run) ? "for this fire time" : "on request"
  const cutOff = run.startedAt === null && run.outcome === "interrupted"
  const started =
    run.startedAt === null
      ? // What its process did before it ended, nobody has written.
        cutOff
        ? "may have started"
        : "has not started"
      : `started at ${iso(run.startedAt)}, ${lagText(run.startedAt - run.fireAt)} its time`
  if (run.outcome === null) {
    const live = record.live.find(({ runKey }) => runKey === run.runKey)
    const attempt =
      live === undefined
        ? `${attemptText(run.attempt)} ${started}`
        : live.retryAt === null
          ? `${attemptText(live.attempt)} ${awaited === null ? `is with executor "${record.executor}"` : awaitedText(awaited)}`
          : `attempt ${live.attempt} ${waitOf(live, live.retryAt, record)}${errorText(run)}`
    return `A run ${kind} was claimed at ${iso(run.claimedAt)}, and ${attempt}.`
  }
  const finishedAt = run.finishedAt ?? run.claimedAt
  const ended = cutOff
    ? `interrupted before an end of it was recorded, as was found at ${iso(finishedAt)}, ${lagText(finishedAt - run.claimedAt)} the claim`
    : `${run.outcome} at ${iso(finishedAt)}`
  const made = run.startedAt === null ? `A run ${kind} was` : `It ran ${kind}:`
  return `${made} claimed at ${iso(run.claimedAt)}, ${attemptText(run.attempt)} ${started}, ${ended}${errorText(run)}.`
}

/** The row keeps the newest attempt only: of those before it no more is known than that another followed. */
const attemptText = (attempt: number): string =>
  attempt === 1 ? "attempt 1" : `attempt ${attempt} (after ${attempt - 1} that did not succeed or was cut off)`

/** A clock that was set back shows less than before. */
const lagText = (ms: number): string => (ms < 0 ? `${durationWords(-ms)} before` : `${durationWords(ms)} after`)

const awaitedText = ({ outcome, at }: AwaitedEnd): string =>
  `${outcome === "timedOut" ? "timed out" : `was ${outcome}`} at ${iso(at)}, and is awaited until its task ends, as onAborted "await" has it`

/** In a pause only what was asked for goes on, and nothing of a parked job. */
const waitOf = ({ requested }: LiveRun, retryAt: AttemptDue, { pausedAt, fault }: JobRecord): string => {
  const goesOn = pausedAt === null || (requested === true && fault === null)
  const due = retryAt === "event" ? "due when an event is sent to the run (sendToRun)" : `due at ${iso(retryAt)}`
  if (goesOn) return `is ${due}`
  return `waits until the job is resumed, which is paused since ${iso(pausedAt)}; it is ${due}`
}

const errorText = ({ error }: RunRow): string => {
  if (error === null) return ""
  try {
    const { message } = JSON.parse(error) as { readonly message?: unknown }
    return typeof message === "string" ? ` with ${message}` : " with an error whose text is damaged"
  } catch {
    return " with an error whose text is damaged"
  }
}

const sentenceOfMisfire = (entry: LedgerRow, instant: EpochMillis, record: JobRecord): string => {
  const why: Record<MisfireReason, string> = {
    late: `it was found due at ${iso(entry.at)}, ${durationWords(Math.max(0, entry.at - instant))} late, past the job's misfireGrace (${record.rules.misfireGraceMs === null ? "unlimited" : durationWords(record.rules.misfireGraceMs)} now)`,
    maxInstances: `as many of its runs as its maxInstances allows (${record.rules.maxInstances} now) were live already, and its overlap policy ("${record.rules.overlap}" now) let it not wait`,
    replaced: `it met a run and waited, and at ${iso(entry.at)} a newer fire time or a request took its place, as overlap "cancel-running" has it`,
    queueFull: "its queue of waiting fire times was full",
    invalidValue: "what the stream emitted is not JSON, or not what the task takes",
    withdrawn: `the job or its scheduler was paused, or the job removed or rescheduled at ${iso(entry.at)}, before it could start`,
    skipped: `somebody asked at ${iso(entry.at)} that it be left out`,
    forgotten: `it lies so far back that it may have run in an earlier life of the job, of which the records are deleted; the job was added again at ${iso(entry.at)}`
  }
  const among = entry.count === 1 ? "" : ` (one of ${entry.count} from ${iso(entry.fromAt)} to ${iso(entry.throughAt)})`
  return `It did not run${among}: ${why[entry.reason as MisfireReason]}.`
}

const sentenceOfCoalesced = (entry: LedgerRow, writer: StoreWriter): string => {
  const into = entry.runKey === null ? "another run" : `run ${writer.runId(entry.runKey)}`
  return `It was due together with others at ${iso(entry.at)}; ${into} stands for ${entry.count} fire times from ${iso(entry.fromAt)} to ${iso(entry.throughAt)}.`
}

const fires = (trigger: Trigger, instant: EpochMillis): boolean => checkedNext(trigger, instant - 1) === instant

const triggerOf = (engine: Engine, row: { readonly id: string; readonly trigger: string }): Trigger | null => {
  try {
    return engine.codec.trigger(row)
  } catch {
    return null
  }
}

const iso = (instant: EpochMillis): string =>
  Math.abs(instant) <= 8.64e15 ? new Date(instant).toISOString() : String(instant)
