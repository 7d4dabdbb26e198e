/**
 * Small faults of the kind that people make, as edits of the sources: the simulation must find each. They are applied while it is
 * bundled, so production code has no hook for them. A test holds that each text to replace occurs exactly once. Long because it is a
 * list.
 */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

export interface PlantedBug {
  readonly name: string
  readonly edits: ReadonlyArray<Edit>
}

const bug = (name: string, file: string, find: string, replace: string): PlantedBug => ({
  name,
  edits: [{ file, find, replace }]
})

export const plantedBugs: ReadonlyArray<PlantedBug> = [
  bug(
    "the cursor stays where it was when a run is claimed",
    "src/job/onDue.ts",
    "memory.cursor = Math.max(memory.cursor, through)",
    `if (event.type !== "due") memory.cursor = Math.max(memory.cursor, through)`
  ),
  bug(
    "claims are committed without the job's state",
    "src/engine/writer/unitOfWork.ts",
    "if (stateChanged) states.push(stateRow(job))",
    "if (stateChanged && this.consequences.claims.length === 0) states.push(stateRow(job))"
  ),
  bug(
    "a fire time exactly as late as the grace misfires",
    "src/job/dueFireTimes.ts",
    "const late = fireAt < graceFrom",
    "const late = fireAt <= graceFrom"
  ),
  bug(
    "a queued fire time starts however late it is",
    "src/job/overlap.ts",
    "misfireGraceMs !== null && now - fireAt > misfireGraceMs",
    "misfireGraceMs !== null && now - fireAt < 0"
  ),
  bug(
    "every queued fire time is too late when the job has a grace",
    "src/job/overlap.ts",
    "misfireGraceMs !== null && now - fireAt > misfireGraceMs",
    "misfireGraceMs !== null && now - fireAt >= 0"
  ),
  bug(
    "one instance more than allowed",
    "src/job/overlap.ts",
    "memory.live.length < rules.maxInstances && waitingIn(memory) === 0",
    "memory.live.length <= rules.maxInstances && waitingIn(memory) === 0"
  ),
  {
    name: "runs start and callers are answered before the commit",
    edits: [
      {
        file: "src/engine/writer/storeWriter.ts",
        find: "return this.calling(this.store.commit(sequence, batch)).pipe(",
        replace: "this.settle(unit, applied)\n    return this.calling(this.store.commit(sequence, batch)).pipe("
      },
      {
        file: "src/engine/writer/storeWriter.ts",
        find: "this.oneByOne = Math.max(0, this.oneByOne - 1)\n        done()",
        replace: "this.oneByOne = Math.max(0, this.oneByOne - 1)\n        this.due.learn(taken)"
      }
    ]
  },
  bug(
    "callers are answered before the commit",
    "src/engine/writer/storeWriter.ts",
    "const batch = unit.batch()",
    "const batch = unit.batch()\n    for (const intent of applied) intent.committed()"
  ),
  bug(
    "an earlier wake-up is not noticed",
    "src/engine/writer/dueJobs.ts",
    "if (wakeAt < known) this",
    "if (wakeAt > known) this"
  ),
  {
    name: "an outcome is told twice and taken twice",
    edits: [
      {
        file: "src/engine/dispatcher.ts",
        find: "source.settled(dispatched, settlement)\n",
        replace: "source.settled(dispatched, settlement)\n    source.settled(dispatched, settlement)\n"
      },
      {
        file: "src/job/onSettled.ts",
        find: `run.runKey === runKey && (run.retryAt === null || outcome === "cancelled")`,
        replace: "run.runKey === runKey"
      }
    ]
  },
  bug(
    "what a dead process left is not looked for",
    "src/engine/openStores.ts",
    "const orphans = await this.orphans(writer)",
    "const orphans = (await this.orphans(writer)).slice(0, 0)"
  ),
  bug(
    "an interrupted attempt is made again under its own number",
    "src/job/onSettled.ts",
    "{ ...tried, attempt: run.attempt + 1, retryAt: event.now }",
    "{ ...tried, attempt: run.attempt, retryAt: event.now }"
  ),
  bug(
    "an interrupted run is tried again whatever its rule says",
    "src/job/onSettled.ts",
    `rules.onInterrupted === "rerun" && mayRetry(memory, rules)`,
    "mayRetry(memory, rules)"
  ),
  bug(
    "a job that kills its process is never parked",
    "src/job/onSettled.ts",
    "crashesAfter(context.memory, event) >= crashesToPark",
    "crashesAfter(context.memory, event) > 1_000 * crashesToPark"
  ),
  bug(
    "a stop that was asked for counts as a crash",
    "src/store/stopMark.ts",
    "return orphans.every(({ epoch }) => epoch <= asked)",
    "return orphans.length === 0 && asked > 0"
  ),
  bug(
    "jobs that may have killed the process run beside each other",
    "src/engine/writer/suspects.ts",
    "return !this.mustWait(writer, job)",
    "return true"
  ),
  {
    name: "whoever ran beside the one that kills the process is parked with it",
    edits: [
      { file: "src/engine/writer/suspects.ts", find: "return !this.mustWait(writer, job)", replace: "return true" },
      { file: "src/engine/openStores.ts", find: `suspects.size === 1 ? ending : "sharedCrash"`, replace: "ending" }
    ]
  },
  bug(
    "one attempt too many",
    "src/job/retry.ts",
    "countedAttempt(ended) >= rules.attempts",
    "countedAttempt(ended) > rules.attempts"
  ),
  bug(
    "the wait before another attempt is left out",
    "src/job/retry.ts",
    "return now + Math.round(backoffMs * spread)",
    "return now + 0 * backoffMs * spread"
  ),
  bug(
    "every error is worth another attempt",
    "src/job/retry.ts",
    "return rules.when === null || (ended.errorName !== null && rules.when.includes(ended.errorName))",
    "return true"
  ),
  bug(
    "latest and earliest are swapped",
    "src/job/fireTimeEvents.ts",
    `rules.coalesce === "earliest"`,
    `rules.coalesce !== "earliest"`
  ),
  bug(
    "coalesced fire times are counted wrongly",
    "src/job/fireTimeEvents.ts",
    "count: due.count - 1 }",
    "count: due.count }"
  ),
  bug(
    "a pause does not stop fire times",
    "src/job/onCommand.ts",
    "  draft.memory.pausedAt = event.now\n  draft.memory.fault = null",
    "  draft.memory.fault = null"
  ),
  bug(
    "what is due when a job is paused is forgotten",
    "src/job/onCommand.ts",
    "withdrawOwed(draft, event.owed, event.now)\n  // When the schedule",
    "withdrawOwed(draft, null, event.now)\n  // When the schedule"
  ),
  bug(
    "a resumed job makes up what it was told to skip",
    "src/engine/writer/jobEdits.ts",
    `let kind = missed ?? (fault === null ? "skip" : "coalesce")`,
    `let kind = (fault === null ? "coalesce" : "coalesce") as "skip" | "coalesce"`
  ),
  bug(
    "a removed job goes on",
    "src/job/onCommand.ts",
    "  memory.removed = true\n  memory.exhausted = true\n  memory.nextFireAt = null\n",
    ""
  ),
  bug(
    "one run more than maxRuns",
    "src/job/maxRuns.ts",
    "rules.maxRuns - memory.runCount)",
    "rules.maxRuns + 1 - memory.runCount)"
  ),
  bug(
    "a commit in doubt is taken as made",
    "src/engine/writer/storeWriter.ts",
    "if (sequence === doubt.sequence) {",
    "if (sequence >= 0) {"
  ),
  bug(
    "a commit in doubt is taken as not made",
    "src/engine/writer/storeWriter.ts",
    "if (sequence === doubt.sequence) {",
    "if (sequence < 0) {"
  ),
  bug(
    "a commit that was not made is not tried again",
    "src/engine/writer/storeWriter.ts",
    "} else this.putBack(doubt.applied)",
    "}"
  ),
  bug(
    "intents are lost when a read fails",
    "src/engine/writer/storeWriter.ts",
    "return Effect.tapError(this.calling(read), () => Effect.sync(() => this.putBack(intents)))",
    "return intents.length < 0 ? Effect.die(intents) : this.calling(read)"
  ),
  bug(
    "skip queues",
    "src/job/overlap.ts",
    `rules.overlap === "queue-all" && placesLeft(memory, rules) > 0`,
    `(rules.overlap === "skip" || placesLeft(memory, rules) > 0)`
  ),
  bug(
    "cancel-running cancels nothing",
    "src/job/overlap.ts",
    "if (run.retryAt === null) draft.cancel(run.runKey)",
    "if (run.retryAt === null) continue"
  ),
  bug(
    "what waited does not give way to a newer fire time",
    "src/job/overlap.ts",
    "fire.requested === true || fire.missed === true",
    "fire.fireAt > -Infinity"
  ),
  bug(
    "what gives way is recorded as if it had just met a run",
    "src/job/overlap.ts",
    `misfireQueued(draft, fire, "replaced")`,
    `misfireQueued(draft, fire, "maxInstances")`
  ),
  bug(
    "a fixed delay counts from the fire time",
    "src/engine/writer/outcomeIntent.ts",
    "nextAfterRun(job.trigger, settlement.finishedAt, now)",
    "nextAfterRun(job.trigger, job.memory.lastFireAt ?? settlement.finishedAt, now)"
  ),
  bug(
    "timeouts are not applied",
    "src/engine/dispatchedOrder.ts",
    "timeoutMs: job.rules.timeoutMs,",
    "timeoutMs: null,"
  ),
  bug(
    "a queued fire time is not saved",
    "src/engine/job/jobCodec.ts",
    "if (memory.queue.length > 0) text +=",
    "if (memory.queue.length > 1) text +="
  ),
  bug(
    "a queued fire time starts early when the clock was set back",
    "src/job/overlap.ts",
    "(memory.pausedAt === null && fire.fireAt <= event.now)",
    "memory.pausedAt === null"
  ),
  bug(
    "a job that is rescheduled after the clock was set right counts from where it was",
    "src/job/onCommand.ts",
    "countedAhead(memory, now) ? setRightFrom(now) : Math.max",
    "memory.removed ? setRightFrom(now) : Math.max"
  ),
  bug(
    "a job waits for a clock that was hours ahead",
    "src/engine/correction/recomputing.ts",
    "((memory.pausedAt === null && countedAhead(memory, now, correctionMs)) ||",
    "((memory.pausedAt !== null && countedAhead(memory, now, correctionMs)) ||"
  ),
  bug(
    "the end of a window is exclusive",
    "src/trigger/window.ts",
    "found >= start && found <= end ? found : undefined",
    "found >= start && found < end ? found : undefined"
  ),
  bug("the reason of a misfire is lost", "src/engine/writer/consequences.ts", "reason: entry.reason,", "reason: null,"),
  bug(
    "a catch-up drops what is beyond 1,000 fire times",
    "src/job/dueFireTimes.ts",
    "return { late, due, second, penultimate, times, ...goingOn(following, now) }",
    "return { late, due, second, penultimate, times, more: false, ...nextFire(trigger, now) }"
  ),
  bug(
    "every event is published twice",
    "src/engine/writer/storeWriter.ts",
    "    this.tell(unit)\n",
    "    for (const _ of [1, 2]) this.tell(unit)\n"
  ),
  bug(
    "the end of a job is not told",
    "src/engine/writer/unitOfWork.ts",
    `if (after.value === "done" && !after.memory.removed) this.tell`,
    `if (after.value === "done" && after.memory.removed) this.tell`
  ),
  bug(
    "a pause is told twice",
    "src/engine/writer/jobEdits.ts",
    `unit.tell({ type: "JobPaused", jobId: job.row.id })`,
    `for (const jobId of [job.row.id, job.row.id]) unit.tell({ type: "JobPaused", jobId })`
  ),
  bug(
    "a change of a job is not told",
    "src/engine/writer/jobEdits.ts",
    `unit.tell({ type: "JobModified", jobId: id })`,
    "unit.touch(modified)"
  ),
  bug(
    "the parking of a job that kills its process is not told",
    "src/engine/writer/unitOfWork.ts",
    `this.tellParked(after.key, jobId, after.memory.fault)`,
    "return"
  ),
  bug(
    "a result is not kept",
    "src/engine/writer/consequences.ts",
    "result: settlement?.result ?? null,",
    "result: null,"
  ),
  bug(
    "the end of a run is the instant of its commit",
    "src/engine/writer/consequences.ts",
    "finishedAt: final ? (settlement?.finishedAt ?? now) : null",
    "finishedAt: final ? now : null"
  ),
  bug("the last outcome is forgotten", "src/job/onSettled.ts", "  memory.lastOutcome = event.outcome\n", ""),
  bug(
    "the arguments of a request are dropped",
    "src/job/jobDraft.ts",
    "const claim = { runKey, requested, ...own }",
    "const claim = { runKey, requested, fireAt: own.fireAt }"
  ),
  bug(
    "a later attempt loses the arguments of its request",
    "src/job/jobDraft.ts",
    "const run = { runKey, attempt: 1, retryAt: null, ...own }",
    "const run = { runKey, attempt: 1, retryAt: null, fireAt: own.fireAt }"
  ),
  bug(
    "the store applies half of the states of a commit",
    "src/store/memory/tables.ts",
    "for (const row of batch.states) this.#state(row, at)",
    "for (const row of batch.states.slice(0, Math.ceil(batch.states.length / 2))) this.#state(row, at)"
  ),
  bug(
    "the first of the runs that a dead process left is overlooked",
    "src/engine/openStores.ts",
    "const orphans = await this.orphans(writer)",
    "const orphans = (await this.orphans(writer)).slice(1)"
  ),
  bug(
    "what came due while nobody was there is recorded as overlap",
    "src/job/onDue.ts",
    "Math.min(fireAt, coalesced?.from ?? fireAt) <= missedThrough",
    "missedThrough === fireAt"
  ),
  bug(
    "the next attempt of a request is forgotten while its job is paused",
    "src/job/snapshot.ts",
    "pausedAt === null || requested === true",
    "pausedAt === null"
  ),
  bug(
    "skipNext leaves out two",
    "src/engine/writer/jobEdits.ts",
    "const next = nextFire(trigger, Math.max(memory.cursor, memory.nextFireAt))",
    "const next = nextFire(trigger, nextFire(trigger, memory.nextFireAt).nextFireAt ?? memory.nextFireAt)"
  ),
  bug(
    "a run that tries another again overwrites its record",
    "src/engine/writer/consequences.ts",
    "      this.settled.push({\n        runKey: run.runKey,",
    "      this.settled.push({\n        runKey: run.retryOf ?? run.runKey,"
  ),
  bug(
    "another trigger counts from behind what was left out",
    "src/job/onCommand.ts",
    "Math.max(servedThrough(memory, now), now - 1, owed?.through ?? 0)",
    "Math.max(memory.cursor, now - 1, owed?.through ?? 0)"
  ),
  bug(
    "a value reaches a job that is no more its stream's",
    "src/engine/stream/streamValues.ts",
    "job === undefined || job.row.stream !== this.stream",
    "job === undefined"
  ),
  bug(
    "values of one millisecond are told apart by later ones",
    "src/engine/writer/jobEdits.ts",
    "const fireAt = unit.now\n",
    "const fireAt = Math.max(unit.now, job.memory.cursor + 1)\n"
  ),
  bug(
    "what is saved of a run is lost at the commit",
    "src/engine/writer/unitOfWork.ts",
    "...(checkpoints.length === 0 ? {} : { checkpoints })",
    "...(checkpoints.length === 0 ? {} : { checkpoints: [] })"
  ),
  bug(
    "a step that follows one on its way to the disk is not saved",
    "src/engine/writer/checkpoints.ts",
    "      waiting.text = text\n",
    ""
  ),

  bug(
    "the next attempt is given what another run has saved",
    "src/engine/writer/checkpoints.ts",
    "checkpoints.get(start.runKey)?.text ?? stored.get(start.runKey) ?? null",
    "checkpoints.get(start.runKey)?.text ?? [...stored.values()][0] ?? null"
  ),
  bug(
    "the next attempt begins at the beginning",
    "src/engine/dispatchedOrder.ts",
    `...(typeof checkpoint === "string" ? `,
    `...(typeof checkpoint === "string" && order.attempt < 2 ? `
  ),
  bug(
    "what is saved of a run outlives it",
    "src/store/memory/tables.ts",
    "      this.checkpoints.delete(run.key)\n",
    ""
  ),
  bug(
    "one that only waits goes on too early",
    "src/engine/writer/outcomeIntent.ts",
    "finishedAt : waitsUntil, counts: false",
    "finishedAt : typeof waitsUntil === 'number' ? waitsUntil - 1000 : waitsUntil, counts: false"
  ),
  bug(
    "one that only waits never goes on",
    "src/engine/writer/outcomeIntent.ts",
    "finishedAt : waitsUntil, counts: false",
    "finishedAt : typeof waitsUntil === 'number' ? waitsUntil * 2 : waitsUntil, counts: false"
  ),
  bug(
    "a wait uses up an attempt",
    "src/engine/writer/outcomeIntent.ts",
    "finishedAt : waitsUntil, counts: false",
    "finishedAt : waitsUntil, counts: true"
  ),
  bug(
    "a wait counts as an interruption",
    "src/engine/writer/outcomeIntent.ts",
    "  if (waitsUntil !== undefined)\n",
    "  if (waitsUntil !== undefined && waitsUntil < 0)\n"
  ),
  bug(
    "one that only waits keeps its slot",
    "src/task/machineSteps.ts",
    'this.told.waits(Number.isFinite(until) ? Math.ceil(until) : "event")',
    "this.over = true"
  ),
  bug(
    "a wait is over as soon as its machine is restored",
    "src/task/machineSteps.ts",
    "Math.max(0, dueAt - now), id)",
    "0, id)"
  ),
  bug(
    "a wait begins anew when its machine is restored",
    "src/task/machineSteps.ts",
    "dueAt: isKnown ? known.dueAt : this.armedAt + entry.delay",
    "dueAt: known?.entry === entry ? known.dueAt : this.armedAt + entry.delay"
  ),
  {
    name: "a worker's death is a success",
    edits: [
      {
        file: "src/engine/writer/outcomeIntent.ts",
        find: "{ outcome, again, waitsUntil, finishedAt }: Settlement",
        replace: "{ outcome, again, waitsUntil, finishedAt, crashed }: Settlement"
      },
      {
        file: "src/engine/writer/outcomeIntent.ts",
        find: "  return again ? { outcome, again } : { outcome }",
        replace: '  return crashed === true ? { outcome: "succeeded" } : again ? { outcome, again } : { outcome }'
      }
    ]
  },
  bug(
    "an attempt whose worker died is not made again",
    "src/job/onSettled.ts",
    `rules.onInterrupted === "rerun" && mayRetry(memory, rules)`,
    `rules.onInterrupted === "rerun" && mayRetry(memory, rules) && memory.crashes > 0`
  ),
  bug(
    "whoever saves a step stays suspected of a crash",
    "src/engine/writer/checkpoints.ts",
    "    acquittal(this.keys).apply(unit)\n",
    "    void acquittal\n"
  ),
  bug(
    "three deaths of its worker park nothing",
    "src/job/onSettled.ts",
    "workerDeaths >= crashesToPark && !removed",
    "workerDeaths > 100 * crashesToPark && !removed"
  ),
  bug(
    "an event wakes nobody who was put away",
    "src/engine/writer/sentEvents.ts",
    '  unit.step(job, { type: "messageSent", now: unit.now, runKey })\n',
    ""
  ),
  bug(
    "an event that was taken in comes again after a restart",
    "src/store/memory/tables.ts",
    "    if (received > 0) this.messages.take(runKey, received)\n",
    ""
  ),
  bug(
    "an event is dropped when another attempt is made",
    "src/engine/writer/inbox.ts",
    "if (given.length > 0) start.messages = given",
    "if (given.length > 0 && checkpoints.size > 0) start.messages = given"
  )
]
