/** `job.actor()`: a job to look at as an XState actor, and its verbs to send. */
import type { ActorRef } from "xstate"
import type { ActorGuards } from "../engine/inspection.ts"
import type { HeldJob } from "../engine/jobActors.ts"
import type { JobSnapshot } from "../engine/job/jobSnapshot.ts"
import { checkKnownOptions } from "../engine/query/queryOptions.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { inWords } from "../input/inWords.ts"
import type { Trigger } from "../trigger/trigger.ts"
import { ActorFace } from "../engine/actorFace.ts"
import type { ResumeOptions, RunOptions, Timing } from "./verbOptions.ts"

/** What a job's actor takes: the verbs of these names, for this job. */
export type JobCommand =
  | {
      /** As `JobHandle.pause`. */
      readonly type: "pause"
    }
  | JobResumeCommand
  | JobRunCommand
  | JobRescheduleCommand
  | {
      /** As `JobHandle.remove`. */
      readonly type: "remove"
    }

/** As `JobHandle.resume`, with its options. */
export interface JobResumeCommand extends ResumeOptions {
  readonly type: "resume"
}

/** As `JobHandle.run`, with its options. */
export interface JobRunCommand extends RunOptions {
  readonly type: "run"
}

/** As `JobHandle.reschedule`, with its arguments by name. */
export interface JobRescheduleCommand extends Timing {
  readonly type: "reschedule"
  /** When the job fires from now on. */
  readonly trigger: Trigger
}

/** Emitted by a job's actor, to those who listen at the very one that was sent to: what was sent came to nothing. */
export interface JobRefused {
  readonly type: "refused"
  /** As it was sent. */
  readonly command: unknown
  /** The error's message. */
  readonly reason: string
  /** What the verb rejects with, or `UnknownCommandError`. */
  readonly error: unknown
}

/**
 * A job as an XState actor. It takes `pause`, `resume`, `run`, `reschedule` and `remove`: the verb commits, and the actor moves. One that
 * fails, and anything else, is emitted as `refused`. Each that was asked for is its caller's own: what one is sent or how it ends is
 * nothing to another.
 */
export interface JobActor extends ActorRef<JobSnapshot, JobCommand, JobRefused> {
  /** Lets it go: its subscribers complete, it shows what it showed last, and the job no longer needs to be kept for it. */
  readonly stop: () => void
  /** `stop()`, at the end of a `using`. */
  [Symbol.dispose](): void
}

/** What the commands do. */
interface JobVerbs {
  pauseJob(id: string): Promise<unknown>
  resumeJob(id: string, options: ResumeOptions): Promise<unknown>
  runJob(id: string, options: RunOptions): Promise<unknown>
  rescheduleJob(id: string, trigger: Trigger, timing: Timing): Promise<unknown>
  removeJob(id: string): Promise<unknown>
}

export const jobActor = (held: HeldJob, jobId: string, verbs: JobVerbs, guards: ActorGuards): JobActor =>
  new ActorFace<JobSnapshot, JobCommand, JobRefused>({
    shown: held.actor,
    release: () => held.release(),
    guards,
    commands: {
      pause: (event) => {
        checkKnownOptions("pause", event, ["type"])
        return verbs.pauseJob(jobId)
      },
      resume: ({ type: _type, ...options }: Given) => verbs.resumeJob(jobId, options),
      run: ({ type: _type, ...options }: Given) => verbs.runJob(jobId, options),
      reschedule: (event) => {
        checkKnownOptions("reschedule", event, ["type", "trigger", "start", "end", "jitter"])
        const { type: _type, trigger, ...timing } = event as JobRescheduleCommand
        // Without one, `modifyJob` has nothing to change.
        if ((trigger as unknown) === undefined)
          throw new InvalidOptionError({
            option: `reschedule's trigger, of job ${inWords(jobId)},`,
            found: "missing",
            expected: "a trigger, such as cron(…)"
          })
        return verbs.rescheduleJob(jobId, trigger, timing)
      },
      remove: (event) => {
        checkKnownOptions("remove", event, ["type"])
        return verbs.removeJob(jobId)
      }
    },
    refused: (command, reason, error) => ({ type: "refused", command, reason, error })
  })

interface Given {
  readonly type?: unknown
}
