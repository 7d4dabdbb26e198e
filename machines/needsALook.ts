/**
 * Parts of a scheduler that need a look: what they report of themselves is kept until they report better. The stores are not among them: one that
 * is away is a state of the scheduler.
 */
/** By kind, the newest last; at most 100 of each. */
export interface NeedsALook {
  /** Names of executors that did wrong, or under which a worker died, and that have ended no attempt in good order since. */
  readonly executors: ReadonlyArray<string>
  /** Names of streams that failed and have given no value since. */
  readonly streams: ReadonlyArray<string>
  /** Jobs that were parked since the start, and have neither been resumed nor gone since. */
  readonly jobs: ReadonlyArray<ParkedJob>
}

/** A job that was parked. */
export interface ParkedJob {
  /** Its store's name in the scheduler. */
  readonly store: string
  /** `getJob` takes it. */
  readonly jobId: string
}

/** What a part reports. */
export type PartEvent =
  | ExecutorCrashedEvent
  | ExecutorBackEvent
  | StreamFailedEvent
  | StreamBackEvent
  | JobParkedEvent
  /** It was resumed, is done, or has gone, maybe with its store. */
  | (ParkedJob & { readonly type: "jobBack" })

interface ExecutorCrashedEvent {
  readonly type: "executorCrashed"
  /** Its name in the scheduler. */
  readonly executor: string
  /** What it threw or did wrong, or what its worker died of. */
  readonly reason: string
}

/** It has ended an attempt in good order, or was removed. */
interface ExecutorBackEvent {
  readonly type: "executorBack"
  /** Its name in the scheduler. */
  readonly executor: string
}

interface StreamFailedEvent {
  readonly type: "streamFailed"
  /** Its name in the scheduler. */
  readonly stream: string
  /** What it failed with. */
  readonly reason: string
}

/** It has given a value. */
interface StreamBackEvent {
  readonly type: "streamBack"
  /** Its name in the scheduler. */
  readonly stream: string
}

interface JobParkedEvent extends ParkedJob {
  readonly type: "jobParked"
  /** Why, in words. */
  readonly reason: string
}

const partTypes: Readonly<Record<PartEvent["type"], true>> = {
  executorCrashed: true,
  executorBack: true,
  streamFailed: true,
  streamBack: true,
  jobParked: true,
  jobBack: true
}

/** True for what a part reports; false for what happens to the scheduler itself. */
export const isOfPart = (event: { readonly type: string }): event is PartEvent => Object.hasOwn(partTypes, event.type)

/** So many names of each kind are kept: who finds more than these has enough to do. */
const mostNames = 100

export const nothingNeeded = (): NeedsALook => ({ executors: [], streams: [], jobs: [] })

/** What needs a look after the event. */
export const needsAfter = (needs: NeedsALook, event: PartEvent): NeedsALook => {
  switch (event.type) {
    case "executorCrashed":
      return { ...needs, executors: [...without(needs.executors, event.executor), event.executor].slice(-mostNames) }
    case "executorBack":
      return { ...needs, executors: without(needs.executors, event.executor) }
    case "streamFailed":
      return { ...needs, streams: [...without(needs.streams, event.stream), event.stream].slice(-mostNames) }
    case "streamBack":
      return { ...needs, streams: without(needs.streams, event.stream) }
    case "jobParked": {
      const { store, jobId } = event
      return { ...needs, jobs: [...withoutJob(needs.jobs, event), { store, jobId }].slice(-mostNames) }
    }
    case "jobBack":
      return { ...needs, jobs: withoutJob(needs.jobs, event) }
  }
}

/** True where the event is that of a part which needs a look, and says that it needs none any more. */
export const isBetter = ({ executors, streams, jobs }: NeedsALook, event: PartEvent): boolean =>
  (event.type === "executorBack" && executors.includes(event.executor)) ||
  (event.type === "streamBack" && streams.includes(event.stream)) ||
  (event.type === "jobBack" && jobs.some(isJob(event)))

const without = (names: ReadonlyArray<string>, name: string): ReadonlyArray<string> =>
  names.filter((other) => other !== name)

const withoutJob = (jobs: ReadonlyArray<ParkedJob>, job: ParkedJob): ReadonlyArray<ParkedJob> =>
  jobs.filter((other) => !isJob(job)(other))

const isJob =
  ({ store, jobId }: ParkedJob) =>
  (other: ParkedJob): boolean =>
    other.store === store && other.jobId === jobId
