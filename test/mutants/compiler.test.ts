import { expect, it } from "vitest"
import { refusedTexts } from "./compiler.ts"
import { root } from "./mutant.ts"

it("a change that the type check refuses is none; one that leaves something unused is", () => {
  const text = "export const last = (list: ReadonlyArray<number>): number => list.at(-1) ?? 0"
  const changed = [text.replace(" ?? 0", ""), text.replace("list.at(-1) ?? 0", "0")]
  expect(refusedTexts(root, "src/time/last.ts", text, changed)).toEqual(new Set([0]))
})
