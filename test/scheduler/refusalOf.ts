/** What a promise is rejected with, without waiting for it. */
export const refusalOf = (promise: Promise<unknown>): { error: unknown } => {
  const seen: { error: unknown } = { error: null }
  promise.catch((error: unknown) => (seen.error = error))
  return seen
}
