/** The mark of what was sent to runs: the highest number that a message has had. What has received more is damaged. */
export const sentMark = "messagesSent"

/** `null`: nothing was sent since there are marks of it, or the mark is damaged. */
export const readSent = (mark: string | undefined): number | null => {
  const number = Number(mark ?? NaN)
  return Number.isSafeInteger(number) && number > 0 ? number : null
}
