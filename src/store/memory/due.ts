/** What is due in memory: along each executor's order of wake-ups, past what is left out. */
import type { InstantHeap } from "../../time/instantHeap.ts"
import type { DueAnswer, DueJobRows, DueOfExecutor, DueQuery, JobRow } from "../jobStore.ts"
import type { MemoryTables } from "./tables.ts"

export const findDue = (tables: MemoryTables, query: DueQuery): DueAnswer => {
  const asked = new Set(query.executors.map(({ name }) => name))
  return {
    byExecutor: new Map(query.executors.map((executor) => [executor.name, dueOf(tables, query, executor)])),
    others: [...tables.wakes].flatMap(([name, wakes]) => (wakes.size > 0 && !asked.has(name) ? [name] : []))
  }
}

const dueOf = (tables: MemoryTables, query: DueQuery, { name, limit }: DueOfExecutor): DueJobRows => {
  const wakes = tables.wakes.get(name)
  if (wakes === undefined) return { rows: [], nextWakeAt: null }
  const rows: Array<JobRow> = []
  for (const { row, at } of inOrder(tables, query, wakes)) {
    if (at > query.now || rows.length === limit) return { rows, nextWakeAt: at }
    rows.push(row)
  }
  return { rows, nextWakeAt: null }
}

function* inOrder(tables: MemoryTables, { exceptTasks, exceptKeys }: DueQuery, wakes: InstantHeap) {
  const [tasks, keys] = [new Set(exceptTasks), new Set(exceptKeys)]
  for (const { at, key } of wakes.inOrder()) {
    const row = tables.jobs.get(key)?.row
    if (row !== undefined && !tasks.has(row.task) && !keys.has(key)) yield { row, at }
  }
}
