/** The contract of an executor, part four: events that are sent to runs, for one that delivers them. */
import type { ActorLogic, EventObject, Snapshot } from "xstate"
import { task } from "../../task/task.ts"
import type { RunMessage } from "../../task/runMessage.ts"
import type { ExecutorUnderTest } from "./executorTrial.ts"
import { close, expectSame, gate, Trial } from "./executorTrial.ts"

type Seen = Snapshot<undefined> & { readonly seen: ReadonlyArray<string> }

/** Keeps the types of what it is sent, and waits for more. */
const collector: ActorLogic<Seen, EventObject> = {
  getInitialSnapshot: () => ({ status: "active", output: undefined, error: undefined, seen: [] }),
  transition: (snapshot, { type }) => ({ ...snapshot, seen: [...snapshot.seen, type] }),
  getPersistedSnapshot: (snapshot) => snapshot
}

const message = (number: number): RunMessage => ({ number, event: { type: `event ${number}` } })

/** What the newest checkpoint of a run holds, and how far it says that this goes. */
const taken = (trial: Trial, runId: string): ReadonlyArray<unknown> => {
  const told = trial.reports.findLast((report) => report.type === "checkpointed" && report.runId === runId)
  if (told?.type !== "checkpointed") return []
  const { snapshot } = JSON.parse(told.text) as { readonly snapshot?: Partial<Seen> }
  return [snapshot?.seen, told.received]
}

export const messageClauses: Readonly<Record<string, (underTest: ExecutorUnderTest) => Promise<void>>> = {
  "what is sent to a run is taken in once and in order, that of its order first, and its checkpoint says how far":
    async (underTest) => {
      const trial = new Trial(underTest, { concurrency: 1, queue: 1 })
      const { executor } = trial
      if (executor.deliver === undefined) return close(executor)
      const machine = task("machine", collector)
      const hold = gate()
      trial.submit("first", () => hold.promise)
      trial.submit("a", machine, { messages: [message(2), message(3)] })
      executor.deliver("a", message(5))
      await trial.settle()
      expectSame("one that waits for a slot", taken(trial, "a"), [])
      hold.open()
      await trial.settle()
      expectSame("of its order, then while it waited", taken(trial, "a"), [["event 2", "event 3", "event 5"], 5])
      trial.submit("b", machine, { messages: [message(6)] })
      for (const number of [7, 6, 7, 9]) executor.deliver("b", message(number))
      await trial.settle()
      expectSame("while it runs", taken(trial, "b"), [["event 6", "event 7", "event 9"], 9])
      const { outcome, waitsUntil } = trial.settlement("b")
      expectSame("it waits for more", [outcome, waitsUntil], ["interrupted", "event"])
      for (const runId of ["b", "nobody's"]) executor.deliver(runId, message(10))
      await trial.settle()
      expectSame("of one that is not here", [taken(trial, "b")[1], trial.settlements("b").length], [9, 1])
      close(executor)
    }
}
