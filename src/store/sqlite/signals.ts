/**
 * Signals that tell a process to end, heard while a file is open, so that it can be noted there: Ctrl-C in a program without a handler
 * of its own, a watcher's restart, a closed terminal, a container's stop. A listener takes itself away before the others hear of the
 * signal, and sends it again where there are none: whatever a signal does in a program, it does as if nobody had listened here, but for the turn of
 * the event loop that it waits for: a task that blocks the loop holds up the signal. Without a listener Ctrl-C would end such a process
 * at once, and count as a crash each time. It keeps no process alive.
 */

/** How these are used, they ask for a stop, whoever else handles them. */
const requests: ReadonlyArray<NodeJS.Signals> = ["SIGINT", "SIGTERM"]

/**
 * These end the process that has no handler. To one that has they may mean something else, such as to read its settings anew: it is
 * noted once it leaves of itself, or sends itself the signal again, as watchers have their programs do.
 */
const ends: ReadonlyArray<NodeJS.Signals> = ["SIGHUP", "SIGQUIT", "SIGUSR2", "SIGBREAK"]

/** An end that comes later than this after such a signal has nothing to do with it. */
const leavingMs = 60_000

/** Hears that the process is told to stop; `dying`: when it returns, the process is gone. */
export type StopListener = (dying: boolean) => void

/** With the events that every emitter has. */
const emitter: NodeJS.EventEmitter = process

interface Listening {
  readonly tell: StopListener
  readonly now: () => number
  /** When a handled signal of those that may mean an end came last. */
  mayLeaveSince: number
}

const listeners = new Set<Listening>()

/** Calls `tell`, at most once a signal, until the returned function is called. `now`: milliseconds of a clock that is never set. */
export const onStopSignal = (tell: StopListener, now: () => number): (() => void) => {
  const listening: Listening = { tell, now, mayLeaveSince: -Infinity }
  listeners.add(listening)
  listen()
  return () => {
    listeners.delete(listening)
    if (listeners.size > 0) return
    emitter.off("removeListener", lastGone)
    process.off("exit", leave)
    for (const signal of [...requests, ...ends]) ignore(signal)
  }
}

const listen = (): void => {
  if (listeners.size === 0) return
  for (const signal of [...requests, ...ends]) listenTo(signal)
  if (!process.listeners("exit").includes(leave)) process.prependListener("exit", leave)
  if (!emitter.listeners("removeListener").includes(lastGone)) emitter.on("removeListener", lastGone)
}

const listenTo = (signal: NodeJS.Signals): void => {
  if (process.listeners(signal).includes(hear)) return
  try {
    process.prependListener(signal, hear)
  } catch {
    // A signal that this platform does not have.
  }
}

const hear = (signal: NodeJS.Signals): void => {
  ignore(signal)
  const dying = process.listenerCount(signal) === 0
  const isRequest = requests.includes(signal)
  if (dying || isRequest) tellAll(dying)
  else {
    for (const each of listeners) each.mayLeaveSince = each.now()
    heard = signal
  }
  if (dying) process.kill(process.pid, signal)
  // After the others have heard it: who sends it again has taken itself away by then, and the process dies of that.
  else if (!isRequest) {
    process.nextTick(() => {
      heard = null
      listen()
    })
  }
}

/** The handled signal that is being heard. */
let heard: NodeJS.Signals | null = null
let ignoring = false

const ignore = (signal: NodeJS.Signals): void => {
  ignoring = true
  process.off(signal, hear)
  ignoring = false
}

const leave = (): void => {
  for (const { tell, now, mayLeaveSince } of listeners) if (now() - mayLeaveSince < leavingMs) tell(true)
}

const tellAll = (dying: boolean): void => {
  for (const { tell } of listeners) tell(dying)
}

/** A program whose last listener takes itself away as it hears the signal is about to die of it, at once when it sends it again. */
const lastGone = (event: string | symbol): void => {
  if (!ignoring && event === heard && process.listenerCount(heard) === 0) tellAll(false)
}
