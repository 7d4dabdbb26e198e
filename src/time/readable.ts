/** Objects of a caller's whose getters or traps throw: told before anything else is read of them, in the error of whoever asks. */

/** What an error says that it found. */
export const unreadableText = "a value that throws when it is read"

/** Whether a look at `value`, its own fields or items and theirs, throws. Looks `depth` levels deep. */
export const isUnreadable = (value: unknown, depth = 2): boolean => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false
  try {
    Object.getPrototypeOf(value)
    // A Proxy may refuse what nothing of its own shows, by any of its traps.
    Reflect.has(value, "then")
    Reflect.get(value, "then")
    // A class's static getters may be meant for later.
    if (typeof value === "function") return false
    const fields: Iterable<unknown> = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : Object.values(value)
    for (const field of fields) if (depth > 1 && isUnreadable(field, depth - 1)) return true
    return false
  } catch {
    return true
  }
}

/** `given` with `more`; as it is where that cannot be done, for the verb that it goes on to, which refuses it. */
export const withFields = <A extends object, B extends object>(given: A, more: B): A & B =>
  isUnreadable(given, 1) ? (given as A & B) : { ...given, ...more }
