/**
 * What a store has told, made again in order from its rows, a slice at a time and with everybody else let in between. What retention has
 * deleted, and what cannot be read, is told as a hole.
 */
import type { EventPlace } from "../../event/eventId.ts"
import type { EventBody } from "../../event/schedulerEvent.ts"
import type { RunRow, StoredEventsRow } from "../../store/jobStore.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Engine } from "../engine.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import type { ToldItem } from "./storedEvents.ts"
import { eventOf, readTold, runKeyOf } from "./storedEvents.ts"

const verb = "eventsAfter$"

/** Commits that are read together, and what their texts may take. */
const commitsPerRead = 200
const bytesPerRead = 200_000
/** Events that are made together: as many rows of runs are held. */
const eventsPerRead = 200

/** An event of a store, or a hole in what it has told. */
export interface Replayed {
  readonly store: string
  readonly at: EpochMillis
  readonly place: EventPlace
  readonly body: EventBody
}

/** The era of the owner that made commit `number`; `null`: nobody knows any more. */
export const eraOf = async (engine: Engine, writer: StoreWriter, number: number): Promise<string | null> => {
  const reading = writer.store.reads.events({ after: number - 1, limit: 1 })
  const [row] = await engine.questions.read(verb, reading)
  return row?.number === number ? (readTold(row.text)?.era ?? null) : null
}

/** All after `from`, through commit `last.number`; `null`: from the oldest that is kept. */
export async function* storedHistory(
  engine: Engine,
  writer: StoreWriter,
  from: EventPlace | null,
  last: EventPlace
): AsyncGenerator<Replayed, undefined> {
  // Of a commit that was told in part, the rest is still to come.
  let next = from === null ? null : from.index === null ? from.number + 1 : from.number
  const isTold = ({ number, index }: EventPlace): boolean =>
    from !== null && number === from.number && index !== null && index <= (from.index ?? Infinity)
  while (next === null || next <= last.number) {
    const after: number = (next ?? 1) - 1
    const filter = { after, limit: commitsPerRead, bytes: bytesPerRead }
    const rows = (await engine.questions.read(verb, writer.store.reads.events(filter))).filter(
      ({ number }) => number <= last.number
    )
    const items: Array<Item> = []
    for (const row of rows) {
      if (next !== null && row.number > next) items.push(hole(row.number - 1, row.at))
      items.push(...itemsOf(row).filter(({ place }) => !isTold(place)))
      next = row.number + 1
    }
    if (rows.length === 0) {
      // Nothing is kept, of a store that has told something: the newest row is damaged.
      if (next !== null) items.push(hole(last.number, engine.timers.now()))
      next = last.number + 1
    }
    yield* made(engine, writer, items)
  }
}

interface Item {
  readonly at: EpochMillis
  readonly place: EventPlace
  /** `null`: commits that are gone. */
  readonly told: ToldItem | null
}

const hole = (number: number, at: EpochMillis): Item => ({ at, place: { number, index: null, era: "" }, told: null })

const itemsOf = ({ number, at, text }: StoredEventsRow): ReadonlyArray<Item> => {
  const told = readTold(text)
  if (told === null) return [hole(number, at)]
  const { era, items } = told
  return items.map((item, index) => ({ at, place: { number, index, era }, told: item }))
}

async function* made(
  engine: Engine,
  writer: StoreWriter,
  items: ReadonlyArray<Item>
): AsyncGenerator<Replayed, undefined> {
  const store = writer.name
  let missing: { readonly item: Item; readonly count: number | null } | null = null
  const toldMissing = ({ item, count }: NonNullable<typeof missing>): Replayed => ({
    store,
    at: item.at,
    place: item.place,
    body: { type: "EventsForgotten", store, count }
  })
  for (let begin = 0; begin < items.length; begin += eventsPerRead) {
    const slice = items.slice(begin, begin + eventsPerRead)
    const rows = await rowsOf(engine, writer, slice)
    for (const item of slice) {
      const body = item.told === null ? null : eventOf(item.told, writer, rows)
      if (body === null) {
        // Those that follow each other are one hole.
        const before: number | null = missing === null ? 0 : missing.count
        missing = { item, count: item.told === null || before === null ? null : before + 1 }
        continue
      }
      if (missing !== null) yield toldMissing(missing)
      missing = null
      yield { store, at: item.at, place: item.place, body }
    }
  }
  if (missing !== null) yield toldMissing(missing)
}

const rowsOf = async (
  engine: Engine,
  writer: StoreWriter,
  items: ReadonlyArray<Item>
): Promise<ReadonlyMap<number, RunRow>> => {
  const keys = new Set<number>()
  for (const { told } of items) {
    const key = told === null ? null : runKeyOf(told)
    if (key !== null) keys.add(key)
  }
  if (keys.size === 0) return new Map()
  const rows = await engine.questions.read(verb, writer.store.reads.runs({ runKeys: [...keys] }))
  return new Map(rows.map((row) => [row.runKey, row]))
}
