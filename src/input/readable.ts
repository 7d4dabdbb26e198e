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
    // A proxy of one of these is one by its class, and has not what their methods ask for.
    if (value instanceof Date) value.valueOf()
    if (value instanceof Map || value instanceof Set) Reflect.get(value, "size")
    const fields: Iterable<unknown> = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : Object.values(value)
    for (const field of fields) if (depth > 1 && isUnreadable(field, depth - 1)) return true
    // Whoever copies an object reads these too.
    for (const field of Object.getOwnPropertySymbols(value)) Reflect.get(value, field)
    return false
  } catch {
    return true
  }
}

/**
 * The same of an object whose fields are read by name, such as options: what the getters of its class throw counts too. Not for parts
 * that are kept for later: a store's connection may have a getter that throws before it is open.
 */
export const isUnreadableData = (value: unknown, depth = 2): boolean =>
  isUnreadable(value, depth) || (typeof value === "object" && value !== null && inheritsUnreadable(value))

const inheritsUnreadable = (value: object): boolean => {
  try {
    for (let from = protoOf(value); from !== null && !plainPrototypes.has(from); from = protoOf(from))
      for (const [field, { get }] of Object.entries(Object.getOwnPropertyDescriptors(from)))
        if (get !== undefined) Reflect.get(value, field)
    return false
  } catch {
    return true
  }
}

const protoOf = (value: object): object | null => Object.getPrototypeOf(value) as object | null
const plainPrototypes: ReadonlySet<object> = new Set([Object.prototype, Array.prototype])

/** What `given` iterates over, read once. Throws what `refuse` makes of the reason where an iterator throws. */
export const itemsOf = <A>(given: Iterable<A>, refuse: (found: string, cause: unknown) => Error): ReadonlyArray<A> => {
  try {
    return [...given]
  } catch (cause) {
    throw refuse(unreadableText, cause)
  }
}

/** `given` with `more`; as it is where that cannot be done, for the verb that it goes on to, which refuses it. */
export const withFields = <A extends object, B extends object>(given: A, more: B): A & B =>
  isUnreadable(given, 1) ? (given as A & B) : { ...given, ...more }
