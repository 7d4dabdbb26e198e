import { runInThisContext } from "node:vm"
import ts from "typescript"
import { beforeEach, describe, expect, it } from "vitest"
import { marked } from "./marks.ts"
import { Traces } from "./traces.ts"

const program = `
const read = (input, most = 10) => input === undefined ? 0 : input > most ? most : input
let total = 0
for (const input of inputs)
  total += read(input)
while (total > 20) total -= read(total)
result = total || read(undefined)
`

/** Runs a program's text. */
const resultOf = (text: string, inputs: ReadonlyArray<number | undefined>): unknown => {
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target: ts.ScriptTarget.ES2023 } })
  const run = runInThisContext(`(inputs) => { let result; ${outputText}; return result }`) as (
    given: typeof inputs
  ) => unknown
  return run(inputs)
}

describe("marks", () => {
  beforeEach(() => {
    globalThis.mutants = new Traces(20)
  })

  it("leave a program as it is", () => {
    const inputs = [3, 11, undefined, 12, 25]
    expect(resultOf(marked("any.ts", program, 0).text, inputs)).toBe(resultOf(program, inputs))
    expect(resultOf(marked("any.ts", program).text, inputs)).toBe(resultOf(program, inputs))
  })

  it("tell what was passed and what was not", () => {
    const { text, marks } = marked("any.ts", program, 5)
    resultOf(text, [3])
    const passed = globalThis.mutants.take().map((mark) => marks[mark - 5])
    const texts = marks.filter((mark) => !passed.includes(mark)).map(({ start, end }) => program.slice(start, end))
    expect(texts).toEqual(["0", "most", "read(undefined)"])
  })

  it("end a loop that turns far more often than before the change", () => {
    const { mutants } = globalThis
    mutants.enter("a test")
    resultOf(marked("any.ts", program).text, [3])
    mutants.leave("a test")
    mutants.enter("a test")
    const endless = program.replace("total > 20", "total >= 0")
    expect(() => resultOf(marked("any.ts", endless).text, [3])).toThrow(
      expect.objectContaining({ name: "EndlessLoop" })
    )
    expect(mutants.isEndless).toBe(true)
  })

  it("end what asks a machine's guards far more often, in a loop that is nobody's here", () => {
    const asked = (text: string) => `const goesOn = () => true\nresult = ${text}.every(goesOn)`
    const often = asked("Array.from({ length: 200_000 })")
    const { mutants } = globalThis
    mutants.enter("a test")
    resultOf(marked("machines/any.ts", asked("inputs")).text, [3])
    mutants.leave("a test")
    mutants.enter("a test")
    expect(resultOf(marked("src/any.ts", often).text, [])).toBe(true)
    expect(() => resultOf(marked("machines/any.ts", often).text, [])).toThrow(
      expect.objectContaining({ name: "EndlessLoop" })
    )
  })
})
