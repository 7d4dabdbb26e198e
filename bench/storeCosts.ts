/** The SQLite store's costs as figures: what `store.ts` measures without an engine. */
import type { BenchSettings, Figure } from "./figure.ts"
import { figure } from "./figure.ts"
import { benchStore } from "./store.ts"

export const measure = async ({ scale, rounds }: BenchSettings): Promise<ReadonlyArray<Figure>> => {
  const costs = await benchStore({ jobs: Math.round(50_000 * scale), rounds })
  return costs.map(({ name, unit, carillon, bare }) =>
    figure({
      name: `store: ${name}`,
      unit,
      value: carillon.wall,
      cpuMicros: carillon.cpuMicros,
      ...(bare === null ? {} : { beside: { name: "bare rows", value: bare.wall, cpuMicros: bare.cpuMicros } })
    })
  )
}
