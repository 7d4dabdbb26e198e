import { describe, expect, it } from "vitest"
import { editsOf } from "./mutators.ts"

const changesOf = (text: string, path = "src/any.ts"): ReadonlyArray<string> =>
  editsOf(path, text).map(({ start, end, text: replacement }) => text.slice(0, start) + replacement + text.slice(end))

describe("changes of a file", () => {
  it.each([
    [
      "a condition is always or never met",
      "if (due(a)) go(b)",
      ["if (true) go(b)", "if (false) go(b)", "if (due(a)) {}"]
    ],
    ["a loop never runs", "while (due(a)) go(b)", ["while (false) go(b)", "while (due(a)) {}"]],
    ["a choice is always the same", "const a = b ? c : d", ["const a = true ? c : d", "const a = false ? c : d"]],
    ["one side of a condition is left out", "f(a && b)", ["{}", "f(a)", "f(b)"]],
    ["a value that may be missing is, or its stand-in is used", "const a = b ?? c", ["const a = b", "const a = c"]],
    ["a bound moves and is turned round", "const a = b < c", ["const a = b <= c", "const a = b >= c"]],
    ["a bound in a condition moves", "if (a >= b) {}", ["if (true) {}", "if (false) {}", "if (a > b) {}"]],
    ["what was equal differs", "const a = b === c", ["const a = b !== c"]],
    [
      "sums and products are others",
      "const a = b + c * -d",
      ["const a = b - c * -d", "const a = b + c / -d", "const a = b + c * d"]
    ],
    ["a count goes the other way", "a++", ["{}", "a--"]],
    [
      "a number is one more, a boolean the other",
      "const a = [60_000, true]",
      ["const a = []", "const a = [60001, true]", "const a = [60_000, false]"]
    ],
    ["a refusal is left out", "if (a) throw b", ["if (true) throw b", "if (false) throw b", "if (a) {}"]],
    ["a case is left out", 'switch (a) { case "b": go() }', ["switch (a) {  }", 'switch (a) { case "b": {} }']],
    ["the larger is the smaller", "const a = Math.max(b, c)", ["const a = Math.min(b, c)"]],
    ["what was left out stays", "const a = b.filter(c)", ["const a = b"]],
    [
      "what is spread is missing, and what overrides it",
      "const a = { ...b, c }",
      ["const a = { c }", "const a = { ...b,  }"]
    ],
    ["a missing link is an error", "const a = b?.c", ["const a = b.c"]]
  ])("%s", (_, text, changed) => {
    expect(changesOf(text)).toEqual(changed)
  })

  it("of machines leave out each property, which is a rule", () => {
    expect(changesOf("const a = { guard: b, target: c }", "machines/any.ts")).toEqual([
      "const a = { target: c }",
      "const a = { guard: b,  }"
    ])
  })

  it.each([
    ["a text", 'const a = "b" + c + `${d}`'],
    ["a type", "type A = 1 | true; interface B { readonly c: 2 }; const d: 3 = e as 3"],
    ["an import", 'import { a } from "b"']
  ])("are not made of %s", (_, text) => {
    expect(changesOf(text)).toEqual([])
  })
})
