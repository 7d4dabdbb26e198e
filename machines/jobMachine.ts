/**
 * The life of a job, and its rules: what becomes of a fire time, of an attempt that ends, of a command. Pure and never waiting: no
 * clock, no I/O. `now`, fire times and outcomes come in events, and `context.answer` says what to do about them.
 * Flat on purpose, with function guards and functional `assign` only, so that the engine may step it as a table. What holds in every
 * state is written once, at the machine; an event that no rule is for changes nothing. Which state the job is in follows from its
 * memory (`stateOf`): after each event the eventless transitions lead there. A few lines long of 300, for words at each transition.
 */
import { assign, setup } from "xstate"
import type { JobContext, JobEvent } from "../src/job/jobEvent.ts"
import { noAnswer } from "../src/job/jobEvent.ts"
import type { Outcome } from "../src/job/run.ts"
import { jobActions, jobGuards } from "./jobRules.ts"

/** What a job's actor begins with. */
export interface JobInput {
  /** The job's id. */
  readonly jobId: string
  /** `defaultRules`, or what a record says. */
  readonly rules: JobContext["rules"]
  /** `newMemory(…)`, or one that was saved: its state is `stateOf(memory)`. */
  readonly memory: JobContext["memory"]
}

type Assigns = { readonly [Name in keyof typeof jobActions]: ReturnType<typeof assignOf> }
const assignOf = (action: (typeof jobActions)[keyof typeof jobActions]) =>
  assign<JobContext, JobEvent, undefined, JobEvent, never>(action)
const assigns = Object.fromEntries(
  Object.entries(jobActions).map(([name, action]) => [name, assignOf(action)])
) as Assigns

const machineSetup = setup({
  types: {
    input: {} as JobInput,
    context: {} as JobContext,
    events: {} as JobEvent,
    tags: {} as JobTag,
    output: {} as Outcome | null
  },
  guards: jobGuards,
  actions: assigns
})

/**
 * `claims`: fire times become runs. `needs-a-look`: somebody may have to act. `terminal`: nothing more happens.
 */
export type JobTag = "claims" | "needs-a-look" | "terminal"

/** What is done, and an answer of its own. */
const does = <const Names extends ReadonlyArray<keyof typeof jobActions>>(...names: Names) =>
  ["answerAnew", ...names] as const

/** scheduled · running · misfired · paused · done: what a job does about what happens to it. */
export const jobMachine = machineSetup.createMachine({
  id: "job",
  description:
    "What becomes of a job's fire times, runs and attempts. The first transition whose guard lets it through is taken.",
  initial: "scheduled",
  /** Of its last run; `null` where none was made. */
  output: ({ context }) => context.memory.lastOutcome,
  context: ({ input }) => ({ jobId: input.jobId, rules: input.rules, memory: input.memory, answer: noAnswer }),
  on: {
    due: [
      {
        guard: "catchUpAtMaxRuns",
        actions: does("endBefore", "startQueued"),
        description: "No run is left for one of those that are made up: the schedule ends before it."
      },
      {
        guard: "maxRunsReached",
        actions: does("accountFor", "withdraw", "startQueued"),
        description: "No run is left for it: it is withdrawn, and the schedule ends."
      },
      {
        guard: "instanceFree",
        target: ".running",
        actions: does("accountFor", "claim", "coalesce"),
        description:
          "It becomes a run, which stands for the fire times coalesced into it. The last run of `maxRuns` ends the schedule."
      },
      {
        guard: "noPlaceForMissed",
        actions: does("leaveDue", "startQueued"),
        description:
          "1,000 missed ones wait, or as many as there are runs left for: it stays due until the queue is empty."
      },
      {
        guard: "missed",
        actions: does("accountFor", "queueAsMissed", "startQueued"),
        description: "It overlapped no run, so no overlap policy is asked: it waits for a free instance."
      },
      {
        guard: "overlapCancels",
        actions: does("accountFor", "cancelRunning", "queue", "startQueued"),
        description: "What runs is cancelled, what waited gives way as `replaced`, and it waits for the instance."
      },
      {
        guard: "queueFull",
        actions: does("accountFor", "misfireAtFullQueue", "startQueued"),
        description: "1,000 wait already: it misfires as `queueFull`."
      },
      {
        guard: "overlapQueues",
        actions: does("accountFor", "queue", "startQueued"),
        description:
          "It waits: nothing does yet under `queue-one`, or all may under `queue-all`, as far as `maxRuns` leaves runs."
      },
      {
        guard: "overlapSkips",
        actions: does("accountFor", "misfireAtMaxInstances", "startQueued"),
        description: "It met a run under `skip`, or has no place in the queue: it misfires as `maxInstances`."
      }
    ],
    late: {
      guard: "takesFireTimes",
      actions: does("accountFor", "misfireLate", "startQueued"),
      description: "Past the misfire grace: they misfire as `late`."
    },
    counted: {
      guard: "takesFireTimes",
      actions: does("accountFor", "startQueued"),
      description: "More are due than one wake-up can count: they are kept, and the next goes on."
    },
    refused: {
      guard: "takesFireTimes",
      actions: does("refuse"),
      description: "A stream's value that no task can take: its fire time misfires, as `invalidValue` for instance."
    },
    requested: [
      {
        guard: "requestStarts",
        actions: does("claimRequest"),
        description: "An instance is free: the run starts beside the schedule, in a pause too."
      },
      {
        guard: "requestCancels",
        actions: does("cancelRunning", "countFromEnds", "queueRequest", "startQueued"),
        description: "What runs is cancelled, and the request waits for the instance."
      },
      {
        guard: "requestWaits",
        actions: does("queueRequest", "startQueued"),
        description: "The overlap policy lets it wait. Where it does not, no rule takes the request: it is refused."
      }
    ],
    waitOver: {
      guard: "anythingRuns",
      actions: does("startAttempts", "startQueued"),
      description: "Attempts whose time has come start, then what waits for an instance that is free."
    },
    messageSent: {
      guard: "putAway",
      actions: does("makeDue"),
      description: "An event is sent to a run whose machine only waits: its next attempt is due now."
    },
    stepSaved: {
      guard: "firstStep",
      actions: does("noteSaved"),
      description: "The first step of a run's machine is saved: no attempt begins it at its beginning any more."
    },
    settled: [
      {
        guard: "poison",
        target: ".paused",
        actions: does("endRun", "countFromEnds", "parkAsPoison"),
        description: "The third death of this run's worker in a row: the run ends, and the job is parked."
      },
      {
        guard: "attemptsLeft",
        actions: does("retry"),
        description:
          "Failed or timed out, with an attempt left by its rules or by the task's own word: it waits for its next attempt."
      },
      {
        guard: "underWay",
        actions: does("endRun", "countFromEnds", "startQueued"),
        description:
          "The run has ended, and what waits may start. An outcome told twice is for no attempt under way: nothing changes."
      }
    ],
    interrupted: [
      {
        guard: "poison",
        target: ".paused",
        actions: does("endInterrupted", "countFromEnds", "parkAsPoison"),
        description:
          "The third crash in a row that no other job can be the cause of: the runs end, and the job is parked."
      },
      {
        guard: "rerunsInterrupted",
        actions: does("attemptAgain", "startQueued"),
        description:
          'A crash, a stop or a worker\'s death under `onInterrupted: "rerun"`: another attempt, due at once.'
      },
      {
        guard: "underWay",
        actions: does("endInterrupted", "countFromEnds", "startQueued"),
        description:
          "Under `skip`, of a removed job, or where a newer fire time waits to take its place: the runs end as interrupted."
      }
    ],
    adopted: {
      guard: "underWay",
      actions: does("adopt"),
      description: "An executor still makes attempts that an earlier owner left: they go on under this one."
    },
    acquitted: {
      guard: "notOver",
      actions: does("acquit"),
      description: "It is not what killed the process: its crashes in a row are none."
    },
    pause: {
      guard: "takesFireTimes",
      target: ".paused",
      actions: does("pause"),
      description: "What is due and not served is withdrawn. Runs under way end in their own time."
    },
    park: {
      guard: "inService",
      target: ".paused",
      actions: does("park"),
      description:
        "A fault takes it out of service. Nothing is withdrawn: what is owed is owed still when the cause is gone."
    },
    skip: {
      guard: "takesFireTimes",
      actions: does("leaveOut"),
      description: "The next fire time is left out, as `skipped`."
    },
    reschedule: {
      guard: "inService",
      actions: does("reschedule"),
      description: "Another trigger counts from now on; what the old one owed is withdrawn."
    },
    setRight: {
      guard: "inService",
      actions: does("setRight"),
      description:
        "The clock was hours ahead: fire times count from now, and attempts wait no longer than they would have."
    },
    retime: {
      guard: "inService",
      actions: does("retime"),
      description: "The zone has other rules: the next fire time is of the new ones."
    },
    streamCompleted: {
      guard: "inService",
      actions: does("endSchedule"),
      description: "Its stream gives no more: the schedule ends, and what waits still runs."
    },
    redefine: {
      guard: "notOver",
      actions: does("takeRules"),
      description: "Other rules from now on. Runs keep the arguments that they were claimed with."
    },
    remove: [
      {
        guard: "executes",
        target: ".running",
        actions: does("remove"),
        description: "What waits is withdrawn or cancelled; what executes ends in its own time."
      },
      {
        guard: "notOver",
        target: ".done",
        actions: does("remove"),
        description: "What waits is withdrawn or cancelled."
      }
    ]
  },
  states: {
    scheduled: {
      description: "Nothing runs, and the latest due fire time was served.",
      tags: ["claims"],
      always: [
        { guard: "over", target: "done", description: "No fire time is left." },
        { guard: "anythingRuns", target: "running", description: "A run was claimed, or waits." },
        { guard: "latestMisfired", target: "misfired", description: "The latest due fire time was not served." }
      ]
    },
    running: {
      description:
        "At least one run is claimed, executing, waiting for its next attempt or for a free instance; several may be each.",
      tags: ["claims"],
      always: { guard: "nothingRuns", target: "scheduled", description: "The last of them has ended." }
    },
    misfired: {
      description: "Nothing runs, and the latest due fire time was not served. The next run that starts ends it.",
      tags: ["claims", "needs-a-look"],
      always: {
        guard: "misfireIsPast",
        target: "scheduled",
        description: "A run starts, the fire times count anew, or all is over."
      }
    },
    paused: {
      description:
        "Takes no fire times: by a user, or parked for the fault in its memory. Runs under way end in their own time; those that were asked for have their further attempts, unless it is parked.",
      tags: ["needs-a-look"],
      on: {
        resume: [
          {
            guard: "clockWasAhead",
            target: "scheduled",
            actions: does("countByRightClock", "endPause", "startQueued"),
            description:
              "Fire times count from now, by the right clock; what has not started by the wrong one is withdrawn."
          },
          {
            guard: "leavesPauseOut",
            target: "scheduled",
            actions: does("leavePauseOut", "endPause", "startQueued"),
            description: "Fire times of the pause are not made up: the ledger keeps its stretch. What waits may start."
          },
          {
            target: "scheduled",
            actions: does("endPause", "startQueued"),
            description: "What is owed since the pause comes due at once. What waits may start."
          }
        ]
      }
    },
    done: {
      description: "No fire time is left and nothing runs. Kept for the retention time.",
      tags: ["terminal"],
      type: "final"
    }
  }
})
