/**
 * Values of streams, each with a number: which jobs each was given to, and where it has got. A value becomes a run only of a job that is
 * its stream's at that commit, once, in its turn, dated no later than the clock; what is not kept is in the ledger.
 */
import { isOfFireTime, isOfValue } from "../../src/store/claimKind.ts"
import type { Change, Report } from "./change.ts"
import { countsAgain } from "./modelClock.ts"
import type { ModelJob, StoredMemory } from "./stored.ts"
import type { EmittedValue } from "./simulatedArguments.ts"
import { argumentsIn, valueIn } from "./simulatedArguments.ts"

/** A value on its way to a job. */
interface Given extends EmittedValue {
  /** No JSON: it can be no argument. */
  readonly bad: boolean
  /** Monotonic. */
  readonly ms: number
  /** False where the engine may not have it: the job has changed, or was about to. */
  sure: boolean
}

export class ModelValues {
  private readonly given = new Map<number, Array<Given>>()
  /** Jobs that the engine knows to be as they are on disk. */
  private readonly known = new Set<number>()
  /** By job and stream, the newest value that got somewhere. */
  private readonly newest = new Map<string, number>()

  /** A process is gone, with what waited in it. */
  forget(): void {
    this.given.clear()
    this.known.clear()
  }

  /** No call of the store is under way: the engine knows what is on disk. */
  settled(jobs: Iterable<ModelJob>): void {
    for (const { row } of jobs) this.known.add(row.key)
  }

  emitted(value: EmittedValue & { readonly bad: boolean; readonly ms: number }, jobs: Iterable<ModelJob>, up: boolean) {
    for (const { row, memory } of jobs) {
      if (row.removedAt !== null || row.value === "done" || row.stream !== value.of) continue
      const sure = up && this.known.has(row.key) && memory.pausedAt === null && !memory.exhausted
      this.given.set(row.key, [...(this.given.get(row.key) ?? []), { ...value, sure }])
    }
  }

  /** A commit. `heldAtMs`: when callers had the scheduler paused last. */
  check(change: Change, blurred: boolean, heldAtMs: number, report: Report): void {
    const { before, after } = change
    const { key, id } = after.row
    const named: Report = (invariant, message) => report(invariant, `job "${id}": ${message}`)
    const own = this.given.get(key) ?? []
    const spec = JSON.parse(after.row.trigger) as { readonly type: string; readonly stream?: string }
    if ((spec.type === "stream" ? spec.stream : null) !== after.row.stream)
      named("value", `its row says stream ${after.row.stream}, its trigger is ${after.row.trigger}`)
    const isChanged = before === null || before.row.trigger !== after.row.trigger
    if (isChanged) this.known.delete(key)
    this.checkClaims(change, named)
    const fresh = freshValues(change)
    for (const value of fresh) {
      if (!blurred) checkWhose(change, value, named)
      const known = own.findIndex(({ of, number }) => of === value.of && number === value.number)
      if (known === -1) named("value", `value ${value.number} of stream ${value.of} was not given to it, or twice`)
      else own.splice(known, 1)
      const place = `${key}/${value.of}`
      if (value.number <= (this.newest.get(place) ?? 0))
        named("value", `value ${value.number} of stream ${value.of} comes after ${this.newest.get(place)}`)
      this.newest.set(place, value.number)
    }
    const taken = [...fresh]
    if (!isChanged && !blurred && before.row.stream !== null) this.checkRefused(change, taken, own, heldAtMs, named)
    const stays = !isChanged && !blurred && after.memory.pausedAt === null && !after.memory.exhausted
    if (!stays) for (const each of own) each.sure = false
    this.given.set(key, own)
  }

  /** Everything has come to rest: what was surely given is in some place. */
  rest(jobs: ReadonlyMap<number, ModelJob>, report: Report): void {
    for (const [key, values] of this.given) {
      const lost = values.filter(({ sure }) => sure)
      if (lost.length > 0)
        report(
          "valueLost",
          `job "${jobs.get(key)?.row.id}": ${lost.length} values from ${lost[0]?.number} on are in no run and no entry`
        )
      this.given.set(key, [])
    }
  }

  private checkClaims({ before, after, claims }: Change, report: Report): void {
    const waited = new Set(before?.memory.queue.map((fire) => JSON.stringify(fire.args)))
    for (const claim of claims) {
      const value = valueIn(claim.args)
      if (isOfFireTime(claim) && isOfValue(claim) !== (value !== null))
        report("value", `run ${claim.runKey} has the arguments ${claim.args} and is marked ${claim.request}`)
      const isQueued = claim.args !== null && waited.has(claim.args)
      const isStreams = after.row.stream !== null && before !== null && before.row.stream !== null
      const hadOthers = before?.memory.queue.some(({ args, requested }) => args === undefined && requested !== true)
      if (isOfFireTime(claim) && isStreams && value === null && !isQueued && hadOthers !== true)
        report("value", `run ${claim.runKey} of a stream's job is for no value`)
    }
  }

  /** What it newly took, in the order in which it was given, is what it runs and what it refuses. */
  private checkRefused(
    change: Change,
    fresh: ReadonlyArray<EmittedValue>,
    own: Array<Given>,
    heldAtMs: number,
    report: Report
  ): void {
    const { before, after, claims, ledger } = change
    const entries = ledger.filter(({ kind }) => kind === "misfired" || kind === "coalesced")
    const counted = entries.reduce((sum, { count }) => sum + count, 0)
    const ran = claims.filter(isOfFireTime).length
    const took = ran + counted + waitingIn(after.memory) - (before === null ? 0 : waitingIn(before.memory))
    const refused = took - fresh.length
    if (refused < 0) report("valueLost", `${-refused} values that waited are in no run and no entry`)
    if (refused > own.length) report("value", `${refused} values are refused, ${own.length} were given`)
    if (entries.some(({ reason }) => reason === "invalidValue") && !own.some(({ bad }) => bad))
      report("reason", `a value is refused as invalid, none was`)
    const first = Math.min(...own.map(({ ms }) => ms), Infinity)
    const withdrawn = entries.some(({ reason }) => reason === "withdrawn")
    // What a clock that was set right had queued is withdrawn with the job's resume, too.
    if (withdrawn && heldAtMs < first && !after.memory.exhausted && !countsAgain(change))
      report("reason", `values are withdrawn, the scheduler was not paused`)
    if (refused <= 0) return
    if (own.every(({ sure }) => sure)) {
      const left = own.splice(0, refused).at(-1)
      const passed = own.find(({ number }) => fresh.some((value) => value.number > number))
      if (passed !== undefined) report("value", `value ${passed.number} is passed over (${left?.number})`)
    } else for (const each of own) each.sure = false
  }
}

/** Values that are in a run or in the queue since this commit. */
const freshValues = ({
  before,
  after,
  claims
}: Change): ReadonlyArray<EmittedValue & { readonly definition: number }> => {
  const waited = new Set(before?.memory.queue.map(({ args }) => JSON.stringify(args)))
  const places = [
    // One that is tried again has its value as before.
    ...claims.filter(isOfFireTime).map(({ args }) => args),
    ...after.memory.queue.map(({ args, requested }) =>
      args === undefined || requested === true ? null : JSON.stringify(args)
    )
  ]
  return places.flatMap((args) => {
    const value = valueIn(args)
    return args === null || value === null || waited.has(args)
      ? []
      : [{ ...value, definition: argumentsIn(JSON.parse(args)).definition }]
  })
}

const checkWhose = (
  { before, after }: Change,
  { of, number, definition }: EmittedValue & { readonly definition: number },
  report: Report
): void => {
  // Before a change in the same commit, or after it: its arguments tell.
  const jobs = before === null ? [after] : [before, after]
  const isOf = ({ row }: ModelJob): boolean =>
    row.stream === of && argumentsIn(JSON.parse(row.args)).definition === definition
  if (!jobs.some(isOf))
    report(
      "value",
      `value ${number} of stream ${of} reaches it as of definition ${definition}, on disk is ${after.row.trigger} with ${after.row.args}`
    )
}

/** Fire times that have their place in the queue, with those that they stand for. */
const waitingIn = ({ queue, backlog }: StoredMemory): number =>
  queue.reduce(
    (sum, { requested, coalesced }) => sum + (requested === true ? 0 : 1) + (coalesced?.count ?? 0),
    (backlog?.late?.count ?? 0) + (backlog?.due?.count ?? 0)
  )
