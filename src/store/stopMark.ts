/**
 * The mark of an owner that was told to stop: its epoch, so that it says nothing of a later one. However that owner ended then, what it
 * left is no crash.
 */
import type { StoreOpening } from "./jobStore.ts"

export const stopMark = "stopAsked"

export const stopMarkOf = (epoch: number): string => String(epoch)

/** True where the last owner was told to stop. */
export const stopWasAsked = ({ epoch, marks }: Pick<StoreOpening, "epoch" | "marks">): boolean =>
  marks.get(stopMark) === stopMarkOf(epoch - 1)
