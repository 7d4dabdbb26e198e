/** The charts in the documents are drawn from the machines. After a change: `npx vitest run test/docs/charts -u`. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { setup } from "xstate"
import { schedulerMachine } from "../../machines/index.ts"
import { chartOf, chartsIn, rulesOf, withCharts } from "./chart.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const guides = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`)
const charted = ["README.md", ...guides]
  .filter((path) => path.endsWith(".md") && existsSync(join(root, path)))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))
  .filter(({ text }) => chartsIn(text).length > 0)

describe("the charts in the documents", () => {
  it.each(charted)("are those of the machines in $path", async ({ path, text }) => {
    await expect(withCharts(text)).toMatchFileSnapshot(join(root, path))
  })

  it("are all three in the guide to the machines", () => {
    expect(chartsIn(readFileSync(join(root, "docs/machines.md"), "utf8"))).toEqual(["job", "scheduler", "executor"])
  })

  it("stand beside the tags of the scheduler's states, each with the states that have it", () => {
    const [table = ""] =
      /<!-- tags:scheduler -->[^]*<!-- \/tags -->/.exec(readFileSync(join(root, "docs/machines.md"), "utf8")) ?? []
    const rows = [...table.matchAll(/^\| `([\w-]+)` .*\| (`[^|]*?) *\|$/gm)]
    const told = Object.fromEntries(
      rows.map(([, tag = "", states = ""]) => [tag, states.replaceAll("`", "").split(", ")])
    )
    const tagged: Record<string, Array<string>> = {}
    for (const { key, tags } of Object.values(schedulerMachine.states))
      for (const tag of tags) (tagged[tag] ??= []).push(key)
    expect(told).toEqual(tagged)
  })

  it("draw one arrow for each pair of states and leave out what keeps the state", () => {
    const door = setup({ actions: { count: () => {} } }).createMachine({
      initial: "shut",
      states: {
        shut: { on: { push: "open", pull: "open", knock: { actions: "count" } } },
        open: { on: { leave: ["shut", "gone"], push: "open" } },
        gone: { type: "final" }
      }
    })
    expect(chartOf(door)).toBe(
      [
        "stateDiagram-v2",
        "  [*] --> shut",
        "  shut --> open: push, pull",
        "  open --> shut: leave",
        "  open --> gone: leave",
        "  gone --> [*]"
      ].join("\n")
    )
  })

  it("tell what the machine has for every state apart, and what leads on by itself", () => {
    const lamp = setup({ guards: { isBroken: () => false, hasPower: () => true } }).createMachine({
      initial: "dark",
      on: {
        hit: { guard: "isBroken", target: ".broken", description: "It breaks." },
        look: { description: "Nothing happens." }
      },
      states: {
        dark: { always: { guard: "hasPower", target: "lit", description: "It lights up." } },
        lit: { on: { push: { target: "dark", description: "It goes out." } } },
        broken: { type: "final" }
      }
    })
    expect(chartOf(lamp).split("\n")).toEqual([
      "stateDiagram-v2",
      "  [*] --> dark",
      "  dark --> lit: [hasPower]",
      "  lit --> dark: push",
      "  any --> broken: hit [isBroken]",
      "  broken --> [*]"
    ])
    expect(rulesOf(lamp).split("\n")).toEqual([
      "**In any state**",
      "",
      "- `hit [isBroken] → broken`: It breaks.",
      "- `look`: Nothing happens.",
      "",
      "**In `dark`**",
      "",
      "- `[hasPower] → lit`: It lights up.",
      "",
      "**In `lit`**",
      "",
      "- `push → dark`: It goes out."
    ])
  })

  it("refuse a place for a machine that does not exist", () => {
    expect(() => withCharts("<!-- chart:worker --><!-- /chart -->")).toThrow(RangeError)
  })
})
