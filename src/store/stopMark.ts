/**
 * The mark of an owner that was told to stop: its epoch, so that it says nothing of a later one. However that owner ended then, what it
 * left is no crash.
 */
import type { RunRow, StoreOpening } from "./jobStore.ts"

export const stopMark = "stopAsked"

export const stopMarkOf = (epoch: number): string => String(epoch)

/**
 * True where the owner that left these runs was told to stop: none of them was claimed after it. One that goes on with runs of earlier
 * owners takes the mark away first.
 */
export const stopWasAsked = (
  { marks }: Pick<StoreOpening, "marks">,
  orphans: ReadonlyArray<Pick<RunRow, "epoch">>
): boolean => {
  const asked = Number(marks.get(stopMark) ?? NaN)
  return orphans.every(({ epoch }) => epoch <= asked)
}
