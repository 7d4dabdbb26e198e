/**
 * Signals that tell a process to end, heard while a file is open, so that it can be noted there: Ctrl-C in a program without a handler
 * of its own, a watcher's restart, a container's stop. A listener takes itself away before the others hear of the signal, and sends it
 * again where there are none: whatever a signal does in a program, it does as if nobody had listened here, but for the turn of the event loop that it waits for: a
 * task that blocks the loop holds up the signal. Without a listener Ctrl-C would end such a process at once, and count as a crash each
 * time. It keeps no process alive.
 */

/** How these are used, they ask for a stop, whoever else handles them. */
const requests: ReadonlyArray<NodeJS.Signals> = ["SIGINT", "SIGTERM"]

/** These end the process that has no handler; one that has means something else by them. */
const ends: ReadonlyArray<NodeJS.Signals> = ["SIGHUP", "SIGQUIT", "SIGUSR2", "SIGBREAK"]

/** Hears that the process is told to stop; `dying`: when it returns, the process is gone. */
export type StopListener = (dying: boolean) => void

const listeners = new Set<StopListener>()

/** Calls `listener`, at most once a signal, until the returned function is called. */
export const onStopSignal = (listener: StopListener): (() => void) => {
  listeners.add(listener)
  for (const signal of [...requests, ...ends]) listen(signal)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) for (const signal of [...requests, ...ends]) process.off(signal, hear)
  }
}

const listen = (signal: NodeJS.Signals): void => {
  if (process.listeners(signal).includes(hear)) return
  try {
    process.prependListener(signal, hear)
  } catch {
    // A signal that this platform does not have.
  }
}

const hear = (signal: NodeJS.Signals): void => {
  process.off(signal, hear)
  const dying = process.listenerCount(signal) === 0
  if (dying || requests.includes(signal)) for (const listener of listeners) listener(dying)
  if (dying) process.kill(process.pid, signal)
}
