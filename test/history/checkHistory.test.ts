/** Each promise, broken in a history of its own: the checker names it. Of a sound history it says nothing. */
import { describe, expect, it } from "vitest"
import type { JobRow, LedgerRow, RunRow } from "../../src/store/jobStore.ts"
import { checkHistory } from "./checkHistory.ts"
import type { CommandLine, ExpectedJob, History, Line, OutcomeLine, TaskLine } from "./history.ts"
import type { Invariant } from "./violation.ts"

describe("checkHistory", () => {
  it("finds nothing in a sound history", () => {
    expect(invariantsOf({})).toEqual([])
    expect(invariantsOf({ quietAt: 29 })).toEqual([])
  })

  it("finds nothing in one that is looked at in mid-flight", () => {
    const live = [{ runKey: 3, fireAt: 30, attempt: 2, retryAt: null }]
    const jobs = [job({ value: "running" }, { live, queue: [{ fireAt: 40 }], cursor: 40 })]
    const runs = [...soundRuns, run(3, 30, { outcome: null, finishedAt: null })]
    const seen = [...soundSeen, start(3, 30), died(35), start(3, 30, 2, 40)]
    expect(invariantsOf({ jobs, runs, seen })).toEqual([])
  })

  it("lets a command whose answer never came have either effect", () => {
    const seen = [...soundSeen, command("asked", 25), died(26)]
    expect(invariantsOf({ seen })).toEqual([])
    expect(invariantsOf({ seen, jobs: [job({ removedAt: 25, wakeAt: null })] })).toEqual([])
  })

  it("knows no pause of a job that was perhaps removed before it was added", () => {
    const pausedThenAdded = (asked: ReadonlyArray<Line>) => [
      ...soundSeen,
      command("paused", 22),
      ...asked,
      died(25),
      command("asked", 26),
      command("added", 27)
    ]
    expect(invariantsOf({ seen: pausedThenAdded([command("asked", 24)]) })).toEqual([])
    expect(invariantsOf({ seen: pausedThenAdded([]) })).toEqual(["commandLost"])
  })

  it("lets three crashes in a row end a run that is to run again, and no fewer", () => {
    const runs = [run(1, 10, { outcome: "interrupted", attempt: 3, finishedAt: 40 })]
    const crashes = [start(1, 10), died(12), start(1, 10, 2, 14), died(16), start(1, 10, 3, 18), died(30)]
    const of = (seen: ReadonlyArray<Line>) => invariantsOf({ runs, seen, expected: { owed: null } })
    expect(of(crashes)).toEqual([])
    // Those of other runs' lives do not count, nor those after its end.
    expect(of(crashes.with(1, command("resumed", 12)))).toContain("onInterrupted")
    expect(of(crashes.with(3, { ...outcome(2), at: 16 }))).toContain("onInterrupted")
    expect(of(crashes.with(5, died(50)))).toContain("onInterrupted")
    expect(of([died(1), died(2), died(3), outcome(2), ...crashes.slice(0, 2)])).toContain("onInterrupted")
  })

  it("lets each end of the process cost a run one attempt, while it was live", () => {
    const runs = [run(1, 10, { attempt: 3, finishedAt: 30 }), run(2, 20)]
    expect(invariantsOf({ runs, seen: [died(15)] })).toEqual([])
    expect(invariantsOf({ runs, seen: [died(9), died(31)] })).toEqual(["attempts"])
  })

  it("tells another attempt after a failure from one after an interruption", () => {
    const runs = [run(1, 10, { attempt: 2 }), run(2, 20)]
    const again = (first: ReadonlyArray<Line>) =>
      invariantsOf({ runs, seen: [start(1, 10), ...first, start(1, 10, 2)], expected: { rerun: false } })
    expect(again([finish(1, 10), died(11)])).toEqual([])
    expect(again([died(11)])).toEqual(["onInterrupted"])
  })

  const cases: ReadonlyArray<readonly [Invariant, string, Changes]> = [
    ["lost", "a fire time that the cursor has passed", { runs: [run(1, 10)], seen: [] }],
    ["lost", "a fire time that was due long ago", { quietAt: 30 }],
    ["lost", "a queue that nothing drains", { quietAt: 30, jobs: [job({}, { cursor: 30, queue: [{ fireAt: 30 }] })] }],
    ["doubleAccounting", "a run and a misfire", { ledger: [entry({ fromAt: 20 })] }],
    ["doubleAccounting", "two stretches", { runs: [], seen: [], ledger: [entry({}), entry({})] }],
    ["invented", "a run of no fire time", { runs: [...soundRuns, run(3, 15)] }],
    ["invented", "a run of no job", { runs: [...soundRuns, run(3, 30, { jobKey: 9 })] }],
    ["invented", "an entry of no job", { ledger: [entry({ jobKey: 9 })] }],
    ["wrongEntry", "a count that is wrong", { runs: [], seen: [], ledger: [entry({ count: 3 })] }],
    ["wrongEntry", "an entry that is empty", { ledger: [entry({ fromAt: 30, throughAt: 40, count: 0 })] }],
    ["wrongEntry", "an entry the wrong way round", { ledger: [entry({ fromAt: 40, throughAt: 30 })] }],
    ["wrongEntry", "a misfire without a reason", { ledger: [entry({ reason: null })] }],
    ["wrongEntry", "coalesced into no run", { ledger: [entry({ kind: "coalesced", reason: null, runKey: 7 })] }],
    ["early", "a claim before its time", { runs: [run(1, 10, { claimedAt: 9 }), run(2, 20)] }],
    ["early", "a start before its time", { seen: [start(1, 10, 1, 9)] }],
    ["unclaimedStart", "a run that is not there", { seen: [start(3, 30)] }],
    ["unclaimedStart", "an attempt ahead of the disk", { seen: [start(1, 10), start(1, 10, 2)] }],
    ["startedTwice", "the same attempt", { seen: [start(1, 10), finish(1, 10), start(1, 10)] }],
    ["maxInstances", "two attempts at a time", { seen: [start(1, 10), start(2, 20)] }],
    ["maxRuns", "one run too many", { expected: { maxRuns: 1 } }],
    ["attempts", "beyond the limit", { runs: [run(1, 10, { attempt: 3 }), run(2, 20)], seen: [] }],
    ["attempts", "a gap", { runs: [run(1, 10, { attempt: 3 }), run(2, 20)], seen: [start(1, 10), start(1, 10, 3)] }],
    ["onInterrupted", "not tried again", { runs: [run(1, 10, { outcome: "interrupted" }), run(2, 20)], seen: [] }],
    [
      "onInterrupted",
      "tried again against the rule",
      { runs: [run(1, 10, { attempt: 3 }), run(2, 20)], seen: [start(1, 10, 3)], expected: { rerun: false } }
    ],
    ["outcomeLost", "another outcome on disk", { runs: [run(1, 10, { outcome: "failed" }), run(2, 20)] }],
    ["outcomeLost", "another attempt on disk", { runs: [run(1, 10, { attempt: 2 }), run(2, 20)] }],
    ["outcomeLost", "no such run", { runs: [run(2, 20)] }],
    ["outcomeInvented", "success without an end", { seen: [start(1, 10), outcome(1)] }],
    ["ranAgain", "a start after the outcome was told", { seen: [...soundSeen, start(1, 10, 2)] }],
    ["commandLost", "a job that was added", { seen: [command("added", 0, "b")] }],
    ["commandLost", "a job that was removed", { seen: [command("added", 0), command("removed", 5)] }],
    ["commandLost", "a pause", { seen: [command("added", 0), command("paused", 25)] }],
    [
      "commandLost",
      "a resumption",
      { seen: [command("resumed", 25)], jobs: [job({ value: "paused" }, { pausedAt: 22 })] }
    ],
    ["unfinished", "a run that its job does not know", { runs: [open(1, 10), run(2, 20)], seen: [] }],
    [
      "unfinished",
      "a live run without a record",
      { jobs: [job({}, { live: [{ runKey: 9, attempt: 1, retryAt: null }] })] }
    ],
    ["unfinished", "an outcome without an end", { runs: [run(1, 10, { finishedAt: null }), run(2, 20)] }],
    [
      "unfinished",
      "a run that is live when all is quiet",
      {
        quietAt: 20,
        runs: [open(1, 10), run(2, 20)],
        seen: [],
        jobs: [job({}, { live: [{ runKey: 1, attempt: 1, retryAt: null }] })]
      }
    ],
    ["outOfService", "a run while paused", { seen: [command("paused", 15), command("resumed", 25)] }],
    [
      "outOfService",
      "a run after its job was removed",
      { jobs: [job({ removedAt: 15 })], seen: [command("removed", 15)] }
    ]
  ]

  it.each(cases)("%s: %s", (invariant, _what, changes) => {
    expect(invariantsOf(changes)).toContain(invariant)
  })

  it("has a case for each promise", () => {
    const all: Readonly<Record<Invariant, true>> = {
      ...{ lost: true, doubleAccounting: true, invented: true, wrongEntry: true, early: true, unclaimedStart: true },
      ...{ startedTwice: true, maxInstances: true, maxRuns: true, attempts: true, onInterrupted: true },
      ...{ outcomeLost: true, outcomeInvented: true, ranAgain: true, commandLost: true, unfinished: true },
      outOfService: true
    }
    expect(new Set(cases.map(([invariant]) => invariant))).toEqual(new Set(Object.keys(all)))
  })
})

/** What differs from a job "a" that fires each 10 ms, and whose runs of 10 and 20 have succeeded. */
interface Changes {
  readonly jobs?: ReadonlyArray<JobRow>
  readonly runs?: ReadonlyArray<RunRow>
  readonly ledger?: ReadonlyArray<LedgerRow>
  readonly seen?: ReadonlyArray<Line>
  readonly quietAt?: number
  readonly expected?: Partial<ExpectedJob>
}

const invariantsOf = (changes: Changes): ReadonlyArray<Invariant> => {
  const { jobs = [job({})], runs = soundRuns, ledger = [], seen = soundSeen, quietAt } = changes
  const history: History = { disk: { jobs, runs, ledger }, seen, ...(quietAt === undefined ? {} : { quietAt }) }
  const tens = (after: number, through: number): ReadonlyArray<number> =>
    [10, 20, 30, 40].filter((at) => at > after && at <= through)
  const expected: ExpectedJob = {
    jobId: "a",
    owed: [{ after: 0, fireTimes: tens }],
    maxInstances: 1,
    attempts: 2,
    rerun: true,
    ...changes.expected
  }
  return checkHistory(history, [expected]).map(({ invariant }) => invariant)
}

const job = (changes: Partial<JobRow>, memory: { readonly [field: string]: unknown } = {}): JobRow => ({
  ...{ id: "a", task: "t", executor: "default", trigger: "{}", stream: null, args: "null", rules: "{}", notes: "{}" },
  ...{ addedAt: 0, key: 1, value: "scheduled", wakeAt: 30, fault: false, removedAt: null },
  memory: JSON.stringify({ version: 1, cursor: 20, since: 0, ...memory }),
  ...changes
})

const run = (runKey: number, fireAt: number, changes: Partial<RunRow> = {}): RunRow => ({
  ...{ runKey, jobKey: 1, jobId: "a", fireAt, request: 0, claimedAt: fireAt, args: null, epoch: 1 },
  ...{ attempt: 1, startedAt: fireAt, finishedAt: fireAt + 1, outcome: "succeeded", result: null, error: null },
  ...changes
})
const open = (runKey: number, fireAt: number): RunRow => run(runKey, fireAt, { outcome: null, finishedAt: null })

const entry = (changes: Partial<LedgerRow>): LedgerRow => ({
  ...{ jobKey: 1, kind: "misfired", fromAt: 10, throughAt: 20, reason: "late", runKey: null, at: 20 },
  count: changes.fromAt === 20 ? 1 : 2,
  ...changes
})

const line = (kind: TaskLine["kind"], runKey: number, fireAt: number, attempt: number, at: number): TaskLine => ({
  ...{ kind, jobId: "a", runId: String(runKey), fireAt, attempt, at }
})
const start = (runKey: number, fireAt: number, attempt = 1, at = fireAt): TaskLine =>
  line("start", runKey, fireAt, attempt, at)
const finish = (runKey: number, fireAt: number): TaskLine => line("finish", runKey, fireAt, 1, fireAt + 1)
const outcome = (runKey: number): OutcomeLine => ({
  ...{ kind: "outcome", jobId: "a", runId: String(runKey), attempt: 1, outcome: "succeeded", at: 99 }
})
const command = (kind: CommandLine["kind"], at: number, jobId = "a"): CommandLine => ({ kind, jobId, at })
const died = (at: number): Line => ({ kind: "died", at })

const soundRuns = [run(1, 10), run(2, 20)]
const soundSeen: ReadonlyArray<Line> = [
  ...[command("asked", 0), command("added", 0)],
  ...[start(1, 10), finish(1, 10), outcome(1), start(2, 20), finish(2, 20), outcome(2)]
]
