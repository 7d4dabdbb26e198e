/** Some of a list, in its order; the same ones for the same seed. */
import { Random } from "../simulation/random.ts"

export const sampled = <A>(all: ReadonlyArray<A>, size: number | undefined, seed: number): ReadonlyArray<A> => {
  if (size === undefined || size >= all.length) return all
  const random = new Random(seed)
  const drawn = all.map((one, index) => ({ one, index, lot: random.fraction() }))
  drawn.sort((a, b) => a.lot - b.lot)
  return drawn
    .slice(0, size)
    .sort((a, b) => a.index - b.index)
    .map(({ one }) => one)
}
