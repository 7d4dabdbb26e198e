/** Every exported name has a word of documentation, and what a verb is said to fail with is what its type says. */
import ts from "typescript"
import { describe, expect, it } from "vitest"
import { documentationOf, publicSurface } from "./publicSurface.ts"

const { names, type, checker } = publicSurface()

describe("the public names", () => {
  it("are all documented, and their members", () => {
    expect(names.length).toBeGreaterThan(1000)
    const without = names.filter(({ documentation }) => documentation === "")
    expect(without.map(({ name, where }) => `${where} ${name}`)).toEqual([])
  })

  it("are documented by more than themselves", () => {
    const repeated = names.filter(({ name, documentation }) => documentation !== "" && repeats(name, documentation))
    expect(repeated.map(({ name, documentation, where }) => `${where} ${name}: ${documentation}`)).toEqual([])
  })

  it("would be found without a word, or with none of their own", () => {
    expect(repeats("carillon RunRecord.runId", "The id of the run.")).toBe(true)
    expect(repeats("carillon RunRecord.runId", "Unique in the store.")).toBe(false)
  })
})

describe("what a verb fails with", () => {
  const verbErrors = type("src/scheduler/errorsByVerb.ts", "VerbErrors")

  it.each(verbErrors.getProperties().map((verb) => [verb.name, verb] as const))(
    "%s: is named in its documentation, and is all that is named there",
    (name, verb) => {
      expect(named(documentationOf(memberOf(type("src/scheduler/scheduler.ts", "Scheduler"), name), checker))).toEqual(
        errorsIn(checker.getTypeOfSymbol(verb))
      )
    }
  )

  it("is known of every verb of a scheduler", () => {
    const verbs = type("src/scheduler/scheduler.ts", "Scheduler")
      .getProperties()
      .filter(({ name, flags }) => flags & ts.SymbolFlags.Method && !name.startsWith("__@"))
      .map(({ name }) => name)
    expect(verbs.toSorted()).toEqual(
      verbErrors
        .getProperties()
        .map(({ name }) => name)
        .toSorted()
    )
  })

  it("is in the Effect face what the verb's documentation says there", () => {
    const service = type("src/scheduler/schedulerService.ts", "SchedulerService")
    const compared = service.getProperties().flatMap((verb) => {
      const failure = failureOf(checker.getTypeOfSymbol(verb))
      return failure === undefined
        ? []
        : [{ verb: verb.name, named: named(documentationOf(verb, checker)), typed: errorsIn(failure) }]
    })
    expect(compared.length).toBeGreaterThan(30)
    expect(compared.filter(({ named, typed }) => named.join() !== typed.join())).toEqual([])
  })

  it("of createScheduler is named in its documentation", () => {
    const [create] = names.filter(({ name }) => name === "carillon createScheduler")
    expect(named(create?.documentation ?? "")).toEqual(
      errorsIn(type("src/scheduler/verbErrors.ts", "CreateSchedulerError"))
    )
  })
})

/** True where the documentation has no word that is not the name's own. */
function repeats(name: string, documentation: string): boolean {
  const own = (name.split(/[.( ]/).at(-1) ?? "").split(/(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase())
  const words = documentation.toLowerCase().split(/[^a-z]+/)
  return words.every((word) => fillers.includes(word) || own.includes(word) || own.includes(word.replace(/s$/, "")))
}

const fillers = ["", "the", "a", "an", "of", "its", "is", "it", "this", "what", "which", "whose"]

/** Unions that documentation may name in place of their members. */
const unions: ReadonlyMap<string, ReadonlyArray<string>> = new Map([
  ...["LifeError", "VerbError", "DefinitionError"].map(
    (name) => [name, errorsIn(type("src/scheduler/verbErrors.ts", name))] as const
  ),
  ["StoreError", errorsIn(type("src/store/storeError.ts", "StoreError"))] as const
])

/** The error classes that a documentation names, sorted. */
function named(documentation: string): ReadonlyArray<string> {
  const found = [...documentation.matchAll(/`([A-Z]\w*)`/g)].flatMap(([, name = ""]) => unions.get(name) ?? [name])
  const isError = (name: string): boolean => name.endsWith("Error") || (unions.get("StoreError") ?? []).includes(name)
  return [...new Set(found)].filter(isError).toSorted()
}

/** The names of a union's members, sorted. */
function errorsIn(union: ts.Type): ReadonlyArray<string> {
  const members = union.isUnion() ? union.types : union.flags & ts.TypeFlags.Never ? [] : [union]
  return members.map((member) => member.getSymbol()?.name ?? "?").toSorted()
}

function memberOf(of: ts.Type, name: string): ts.Symbol {
  const member = of.getProperty(name)
  if (member === undefined) throw new Error(`there is no ${name}`)
  return member
}

/** What an Effect, a Stream, or a function that gives one fails with; `undefined` for anything else. */
function failureOf(value: ts.Type): ts.Type | undefined {
  const [signature] = value.getCallSignatures()
  if (signature !== undefined) return failureOf(signature.getReturnType())
  if (!["Effect", "Stream"].includes(value.getSymbol()?.name ?? "")) return undefined
  return checker.getTypeArguments(value as ts.TypeReference)[1]
}
