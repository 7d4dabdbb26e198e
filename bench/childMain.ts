/** The other end of `inChild`: takes one piece of work, answers, exits. */
import type { ChildAnswer, ChildWork } from "./inChild.ts"

const answered = async ({ module, name, input }: ChildWork): Promise<ChildAnswer> => {
  try {
    const exports = (await import(module)) as Readonly<Record<string, unknown>>
    if (name === null) return { _tag: "Gave", value: null }
    const exported = exports[name]
    if (typeof exported !== "function") throw new TypeError(`${module} exports no function ${name}`)
    return { _tag: "Gave", value: (await (exported as (given: unknown) => unknown)(input)) ?? null }
  } catch (error) {
    return { _tag: "Failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

process.once("message", (work: ChildWork) => {
  void answered(work).then((answer) => process.send?.(answer, () => process.exit(answer._tag === "Gave" ? 0 : 1)))
})
