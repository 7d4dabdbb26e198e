/** What waits to runs, by number: as the store told it, and as commits change it. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Inbox } from "../../../src/engine/writer/inbox.ts"
import type { MessageRow, OpenStore } from "../../../src/store/jobStore.ts"
import { makeJob, makeUnit } from "./jobs.ts"

const row = (runKey: number, number: number, text = `{"type":"${number}"}`): MessageRow => ({ runKey, number, text })

const newInbox = () =>
  new Inbox({
    nextMessage: 6,
    waiting: new Map([
      [1, [2, 5]],
      [2, [3]]
    ])
  })

/** A unit in which attempts start. */
const unitOf = (inbox: Inbox, ...starts: ReadonlyArray<readonly [runKey: number, attempt: number]>) => {
  const unit = makeUnit({ inbox })
  const base = { job: makeJob(1), fireAt: 0, args: null, checkpoint: null, messages: null }
  for (const [runKey, attempt] of starts) unit.consequences.starts.push({ ...base, runKey, attempt })
  return unit
}

/** A store that is asked for messages, and what it was asked. */
const storeWith = (rows: ReadonlyArray<MessageRow>) => {
  const asked: Array<ReadonlyArray<number>> = []
  const messages: OpenStore["messages"] = (runKeys) => {
    asked.push(runKeys)
    return Effect.succeed(new Map(runKeys.map((key) => [key, rows.filter(({ runKey }) => runKey === key)])))
  }
  return { asked, store: { messages } as OpenStore }
}

const found = (inbox: Inbox, unit: ReturnType<typeof unitOf>, rows: ReadonlyArray<MessageRow> = []) => {
  const { asked, store } = storeWith(rows)
  const damaged: Array<number> = []
  const finding = inbox.find(unit, store, ({ number }) => damaged.push(number))
  if (finding !== null) Effect.runSync(finding)
  const given = unit.consequences.starts.map(({ messages }) => messages?.map(({ number }) => number) ?? null)
  return { asked, damaged, given }
}

describe("what was sent to runs", () => {
  it("is numbered on from what the store has, and kept until a checkpoint has received it or its run ends", () => {
    const inbox = newInbox()
    const sent = unitOf(inbox)
    sent.send(1, "{}")
    sent.send(9, "{}")
    expect([sent.waitingTo(1), sent.waitingTo(9)]).toEqual([3, 1])
    // Not before it is on disk.
    expect([inbox.numbers(1), inbox.next]).toEqual([[2, 5], 6])
    inbox.follow(sent)
    expect([inbox.numbers(1), inbox.numbers(9), inbox.next]).toEqual([[2, 5, 6], [7], 8])
    const saved = unitOf(inbox)
    saved.checkpoint(1, "text", 5)
    saved.checkpoint(2, "text", 0)
    expect([saved.waitingTo(1), saved.waitingTo(2)]).toEqual([1, 1])
    inbox.follow(saved)
    const ended = unitOf(inbox)
    ended.consequences.runsEnded.push(9)
    inbox.follow(ended)
    expect([1, 2, 9].map((runKey) => inbox.numbers(runKey))).toEqual([[6], [3], []])
  })

  it("goes with the next attempt of its run, after what this commit saves, and with what it sends", () => {
    const inbox = newInbox()
    const unit = unitOf(inbox, [1, 2], [2, 3], [3, 2], [4, 1])
    unit.checkpoint(1, "text", 2)
    unit.send(1, `{"type":"own"}`)
    const rows = [row(1, 2), row(1, 5), row(2, 3)]
    expect(found(inbox, unit, rows)).toEqual({ asked: [[1, 2]], damaged: [], given: [[5, 6], [3], null, null] })
  })

  it("is not asked for where no run that starts has any", () => {
    const empty = new Inbox({ nextMessage: 1, waiting: new Map() })
    expect(empty.find(unitOf(empty, [1, 2]), storeWith([]).store, () => undefined)).toBeNull()
    const inbox = newInbox()
    expect(found(inbox, unitOf(inbox, [3, 2], [1, 1]))).toEqual({ asked: [], damaged: [], given: [null, null] })
    const own = unitOf(empty, [1, 2])
    own.send(1, `{"type":"own"}`)
    expect(found(empty, own)).toEqual({ asked: [], damaged: [], given: [[1]] })
  })

  it("is left out where it is damaged, and does not count as waiting any more", () => {
    const inbox = newInbox()
    const rows = [row(1, 2, "{"), row(1, 5), row(2, 3, `{"kind":"no type"}`)]
    expect(found(inbox, unitOf(inbox, [1, 2], [2, 2]), rows)).toMatchObject({ damaged: [2, 3], given: [[5], null] })
    expect([inbox.numbers(1), inbox.numbers(2)]).toEqual([[5], []])
  })
})
